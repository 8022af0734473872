import { signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { axisTexts, numberText } from "./format.ts";

/** Shortest time between two drawings of a chart, in milliseconds: drawing is the largest cost of watching. A little less than the time between two steps sent of a
 *  fast run, so that the browser renders both in one frame. */
const drawMs = 900;

/** A curve of a chart. */
export interface ChartCurve {
  readonly label: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Error of each value, drawn as a band. */
  readonly errors?: readonly number[];
  /** CSS custom property. */
  readonly colour: `--${string}`;
  /** In CSS pixels. */
  readonly width?: number;
  readonly isDashed?: boolean;
  /** Rare peaks may leave the chart: they would flatten everything else. */
  readonly isNoisy?: boolean;
  /** Points are marked while they are few. */
  readonly hasPoints?: boolean;
  readonly format?: (value: number) => string;
}

/** Charts of a screen share their cursor. */
const syncKey = "steps";
/** The step at the cursor of all charts; undefined: the last. Kept apart from uPlot, since charts out of view are not drawn. */
const cursorStep = signal<number | undefined>(undefined);
/** In CSS pixels. */
const height = 190;

/** Curves over steps. The cursor follows the pointer, or the arrow keys if the chart has the focus; the values at the cursor are shown above the curves.
 *  label: what the chart shows. */
export function Chart({ label, help, curves }: { label: string; help: string; curves: readonly ChartCurve[] }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(curves);
  latest.current = curves;
  const kind = curves.map(({ label, errors }) => `${label}${errors ? "±" : ""}`).join("\n");

  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(optionsOf(latest, element), dataOf(latest.current), element);
    plot.current = made;
    const watcher = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    watcher.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => made.redraw(false);
    scheme.addEventListener("change", repaint);
    return () => {
      scheme.removeEventListener("change", repaint);
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
      cursorStep.value = undefined;
    };
  }, [kind]);

  const draw = useDrawing(box, () => plot.current?.setData(dataOf(latest.current)));
  useEffect(draw, [curves]);

  const [first, last] = rangeOf(curves);
  const step = cursorStep.value ?? last;
  const values = curves.map((curve) => ({ curve, value: valueAt(curve, step) }));
  const spoken = values.map(({ curve, value }) => `${curve.label} ${textOf(curve, value)}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <div class="title">
          <strong>{label}</strong>
          <span class="faint">{help}</span>
          <span class="at faint">{`step ${step}`}</span>
        </div>
        <ul class="values">
          {values.map(({ curve, value }) => (
            <li key={curve.label}>
              <span class={`swatch${curve.isDashed ? " dashed" : ""}`} style={{ color: `var(${curve.colour})` }} />
              {curve.label} <b>{textOf(curve, value)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={box}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={first}
        aria-valuemax={last}
        aria-valuenow={step}
        aria-valuetext={`step ${step}: ${spoken}`}
        onKeyDown={(event) => {
          if (!plot.current) return;
          // the key applies to the steps known now, not those of the last drawing
          plot.current.setData(dataOf(latest.current));
          const target = stepFor(event.key, { steps: plot.current.data[0], step });
          if (target === undefined) return;
          event.preventDefault();
          moveCursor(plot.current, target);
        }}
        onBlur={() => plot.current && moveCursor(plot.current, undefined)}
        onMouseLeave={() => {
          cursorStep.value = undefined;
        }}
      />
    </figure>
  );
}

/** Returns a function that requests a drawing: done at once if the last one is long enough ago, else later, and only while the element is in view. */
function useDrawing(element: RefObject<HTMLElement | null>, draw: () => void): () => void {
  const latest = useRef(draw);
  latest.current = draw;
  const state = useRef({ isSeen: false, isDue: false, drawnAt: Number.NEGATIVE_INFINITY, timer: 0 }).current;
  const look = () => {
    if (!state.isDue || !state.isSeen || state.timer !== 0) return;
    // later requests share this drawing: restarting the timer for each might never end
    state.timer = setTimeout(
      () => {
        Object.assign(state, { isDue: false, drawnAt: performance.now(), timer: 0 });
        latest.current();
      },
      Math.max(0, state.drawnAt + drawMs - performance.now()),
    ) as unknown as number;
  };
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => {
      state.isSeen = entries.at(-1)!.isIntersecting;
      look();
    });
    watcher.observe(element.current!);
    return () => {
      watcher.disconnect();
      clearTimeout(state.timer);
    };
  }, []);
  return () => {
    state.isDue = true;
    look();
  };
}

function textOf({ format = numberText }: ChartCurve, value: number | undefined): string {
  return value === undefined ? "–" : format(value);
}

function rangeOf(curves: readonly ChartCurve[]): [number, number] {
  const known = curves.filter(({ steps }) => steps.length > 0);
  const first = Math.min(...known.map(({ steps }) => steps[0]!));
  const last = Math.max(...known.map(({ steps }) => steps.at(-1)!));
  return known.length === 0 ? [0, 0] : [first, last];
}

/** The last value of a curve up to a step. */
function valueAt({ steps, values }: ChartCurve, step: number): number | undefined {
  const index = steps.findLastIndex((one) => one <= step);
  return values[index];
}

/** The step to which a key moves the cursor; undefined for other keys. */
function stepFor(key: string, { steps, step }: { steps: ArrayLike<number>; step: number }): number | undefined {
  const all = Array.from(steps);
  const now = all.findLastIndex((one) => one <= step);
  const far = Math.max(1, Math.round(all.length / 10));
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: now - 1,
    ArrowRight: now + 1,
    ArrowDown: now - 1,
    ArrowUp: now + 1,
    PageDown: now - far,
    PageUp: now + far,
    Home: 0,
    End: all.length - 1,
  };
  const target = moves[key];
  return target === undefined ? undefined : all[Math.min(all.length - 1, Math.max(0, target))];
}

/** Moves the cursors of all charts to a step, or hides them. */
function moveCursor(plot: uPlot, step: number | undefined): void {
  cursorStep.value = step;
  const [left, top] = step === undefined ? [-10, -10] : [plot.valToPos(step, "x"), plot.over.clientHeight / 2];
  // the third argument, which the types lack: whether to sync the other charts
  (plot.setCursor as (at: { left: number; top: number }, isHooked: boolean, isTold: boolean) => void)(
    { left, top },
    true,
    true,
  );
}

/** All curves on common steps. A curve with errors becomes three: its value and the edges of its band. */
function dataOf(curves: readonly ChartCurve[]): uPlot.AlignedData {
  const tables = curves.map(({ steps, values, errors }): uPlot.AlignedData => {
    const edge = (sign: number) => values.map((value, i) => value + sign * (errors?.[i] ?? 0));
    return [[...steps], [...values], ...(errors ? [edge(1), edge(-1)] : [])];
  });
  return uPlot.join(tables);
}

/** Whether to mark the points of a curve: yes, up to `most` of them; a single point would not show as a line. */
function isMarked(most: number): (plot: uPlot, series: number) => boolean {
  return (plot, series) => {
    let count = 0;
    for (const value of plot.data[series] ?? []) if (typeof value === "number" && ++count > most) return false;
    return true;
  };
}

/** Share of a noisy curve's points that must be in view. */
const seenShare = 0.97;

/** The lowest and highest value shown, with a margin. */
function heightOf(curves: readonly ChartCurve[]): [number, number] {
  const ends = curves.flatMap(({ values, errors = [], isNoisy }) => {
    const lows = values.map((value, i) => value - (errors[i] ?? 0)).sort((a, b) => a - b);
    const highs = values.map((value, i) => value + (errors[i] ?? 0)).sort((a, b) => a - b);
    const high = highs[Math.ceil((highs.length - 1) * (isNoisy ? seenShare : 1))];
    return high === undefined ? [] : [lows[0]!, high];
  });
  const [low, high] = ends.length === 0 ? [0, 1] : [Math.min(...ends), Math.max(...ends)];
  return uPlot.rangeNum(low, high, 0.1, true) as [number, number];
}

function optionsOf(latest: { readonly current: readonly ChartCurve[] }, element: HTMLElement): uPlot.Options {
  const css = (name: string) => () => getComputedStyle(element).getPropertyValue(name).trim();
  const [series, bands]: [uPlot.Series[], uPlot.Band[]] = [[{}], []];
  const curves = latest.current;
  for (const { colour, width = 1.5, isDashed, hasPoints, errors } of curves) {
    series.push({
      ...{ stroke: css(colour), width, spanGaps: true, points: { show: isMarked(hasPoints ? 60 : 1), size: 5 } },
      ...(isDashed && { dash: [6, 4] }),
    });
    if (!errors) continue;
    const [high, low] = [series.length, series.length + 1];
    const edge = { stroke: "transparent", width: 0, spanGaps: true, points: { show: false } };
    series.push(edge, edge);
    bands.push({ series: [high, low], fill: css("--band") });
  }
  const axis = { stroke: css("--faint"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, gap: 4 };
  return {
    ...{ width: Math.max(1, element.clientWidth), height, series, bands, legend: { show: false } },
    scales: { x: { time: false }, y: { range: () => heightOf(latest.current) } },
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : "")),
      },
      { ...axis, size: 52, space: 34, values: (_, ticks) => axisTexts(ticks) },
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      sync: { key: syncKey, scales: ["x", null] },
    },
    hooks: {
      setCursor: [
        (plot) => {
          const { left = -1 } = plot.cursor;
          // only the hovered chart sets the step; the others follow
          if (left >= 0 && plot.over.matches(":hover")) cursorStep.value = Math.round(plot.posToVal(left, "x"));
        },
      ],
    },
  };
}
