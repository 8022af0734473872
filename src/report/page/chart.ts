import { type Html, html } from "./html.ts";

/** A curve. Points are [x, y], gaps null. */
export interface Series {
  readonly points: readonly (readonly [number, number | null])[];
  /** strong: the curve itself; faint: unsmoothed values, or one of many curves. */
  readonly look: "strong" | "faint";
}

export interface Chart {
  readonly title: string;
  /** Description below the title. */
  readonly about: string;
  /** Text for screen readers. */
  readonly alt: string;
  readonly series: readonly Series[];
  /** Area between two curves: [x, low, high]. */
  readonly band?: readonly (readonly [number, number, number])[] | undefined;
  /** A horizontal line to compare with. */
  readonly level?: { readonly y: number; readonly label: string } | undefined;
  readonly marks?: readonly { readonly x: number; readonly y: number; readonly label: string }[] | undefined;
  readonly isWide?: boolean | undefined;
}

/** Size of the drawing before it is stretched to its place; lines keep their width. */
const [width, height] = [600, 200];

/** A figure with curves; undefined without points. Texts are outside of the drawing, so that they keep their size on any screen. */
export function chartFigure(chart: Chart): Html | undefined {
  const { series, band = [], level, marks = [] } = chart;
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const ys = [
    ...series.flatMap(({ points }) => points.flatMap(([, y]) => y ?? [])),
    ...band.flatMap(([, low, high]) => [low, high]),
    ...(level ? [level.y] : []),
  ].filter(Number.isFinite);
  const right = Math.max(...xs);
  if (new Set(xs).size < 2 || ys.length === 0) return undefined;
  const yTicks = ticksOf(Math.min(...ys), Math.max(...ys));
  const [bottom, top] = [yTicks[0]!, yTicks.at(-1)!];
  const left = Math.min(...xs);
  const place = (x: number, y: number) => ({
    x: (x - left) / (right - left),
    y: (top - y) / (top - bottom || 1),
  });
  const at = (x: number, y: number) => {
    const { x: across, y: down } = place(x, y);
    return `${(width * across).toFixed(1)},${(height * down).toFixed(1)}`;
  };
  const rules = yTicks.map((tick) => html`<path class="rule" d="M${at(left, tick)} L${at(right, tick)}"/>`);
  const area = band.length > 1 && html`<polygon class="band" points="${outline(band, at)}"/>`;
  const lines = series.flatMap(({ points, look }) =>
    piecesOf(points).map(
      (piece) => html`<polyline class="${look}" points="${piece.map(([x, y]) => at(x, y)).join(" ")}"/>`,
    ),
  );
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
  return html`<figure class="chart${chart.isWide && " wide"}">
<figcaption><h3>${chart.title}</h3><p>${chart.about}</p></figcaption>
<div class="plot" role="img" aria-label="${chart.alt}">
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rules}${area}${lines}${
    level && html`<path class="level" d="M${at(left, level.y)} L${at(right, level.y)}"/>`
  }</svg>
${yTicks.map((tick) => html`<span class="y" style="top:${percent(place(left, tick).y)}">${tickText(tick, yTicks)}</span>`)}
${xTicksOf(left, right).map(
  (tick) => html`<span class="x" style="left:${percent(place(tick, bottom).x)}">${tick}</span>`,
)}
${level && html`<span class="tag" style="top:${percent(place(left, level.y).y)};right:0">${level.label}</span>`}
${marks.map(({ x, y, label }) => {
  const { x: across, y: down } = place(x, y);
  const side = across > 0.5 ? `right:${percent(1 - across)}` : `left:${percent(across)}`;
  return html`<span class="dot" style="left:${percent(across)};top:${percent(down)}"></span><span class="tag" style="top:${percent(down)};${side}">${label}</span>`;
})}
</div>
<p class="axis">steps</p>
</figure>`;
}

/** The parts of a curve between gaps. */
function piecesOf(points: Series["points"]): (readonly [number, number])[][] {
  const pieces: [number, number][][] = [[]];
  for (const [x, y] of points) {
    if (y === null || !Number.isFinite(y)) pieces.push([]);
    else pieces.at(-1)!.push([x, y]);
  }
  return pieces.filter(({ length }) => length > 0);
}

function outline(band: NonNullable<Chart["band"]>, at: (x: number, y: number) => string): string {
  const low = band.map(([x, y]) => at(x, y));
  const high = band.map(([x, , y]) => at(x, y)).reverse();
  return [...low, ...high].join(" ");
}

/** Three to six round numbers that enclose a range. */
export function ticksOf(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function xTicksOf(left: number, right: number): number[] {
  return ticksOf(left, right).filter((tick) => Number.isInteger(tick) && tick >= left && tick <= right);
}

function tickText(tick: number, ticks: readonly number[]): string {
  const step = ticks[1]! - ticks[0]!;
  const digits = [0, 1, 2, 3, 4, 5].find((count) => Math.abs(Number(step.toFixed(count)) - step) < step / 1000);
  return tick.toFixed(digits ?? 6);
}
