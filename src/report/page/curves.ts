import type { ReportData, ReportedEvaluation } from "../data.ts";
import { bestOf } from "../verdict.ts";
import { type Chart, chartFigure, type Series } from "./chart.ts";
import { type Html, html } from "./html.ts";

/** The curves of a run. */
export function curvesSection(data: ReportData): Html | undefined {
  const figures = [
    evaluationChart(data.evaluations),
    lossChart(data),
    lengthChart(data),
    rowsChart(data, data.curves.angles, {
      title: "Angle",
      about: "Radians between each vector and where it started.",
      name: "The mean angle to the start",
    }),
    rowsChart(data, data.curves.distances, {
      title: "Distance",
      about: "How far each vector is from where it started.",
      name: "The mean distance from the start",
    }),
  ].flatMap((chart) => (chart && chartFigure(chart)) ?? []);
  if (figures.length === 0) return undefined;
  return html`<section aria-labelledby="curves"><h2 id="curves">Curves</h2><div class="charts">${figures}</div></section>`;
}

function evaluationChart(evaluations: readonly ReportedEvaluation[]): Chart | undefined {
  const best = bestOf(evaluations);
  if (best?.loss == null || evaluations.length < 2) return undefined;
  const first = evaluations[0]!;
  const last = evaluations.at(-1)!;
  const isLastBest = best === last;
  return {
    title: "Evaluation loss",
    about:
      "Loss on one fixed batch: always the same images, noise and timesteps. The band is the standard error of its fall.",
    alt: `Evaluation loss from ${short(first.loss)} at step ${first.step} to ${short(last.loss)} at step ${last.step}; lowest ${short(best.loss)} at step ${best.step}.`,
    series: [{ look: "strong", points: evaluations.map(({ step, loss }) => [step, loss]) }],
    band: evaluations.flatMap(({ step, loss, dropError }) =>
      loss === null || dropError === null ? [] : [[step, loss - dropError, loss + dropError] as const],
    ),
    marks: [{ x: best.step, y: best.loss, label: isLastBest ? "lowest, at the end" : `lowest, step ${best.step}` }],
    isWide: true,
  };
}

function lossChart({ curves: { steps, loss }, evaluations }: ReportData): Chart | undefined {
  const smooth = smoothed(loss);
  const [first, last] = [smooth.find((value) => value !== null), smooth.findLast((value) => value !== null)];
  if (first == null || last == null) return undefined;
  return {
    title: "Training loss",
    about: "Mean over neighbouring steps. It depends mostly on which timesteps were drawn, so it tells little.",
    alt: `Smoothed training loss from ${short(first)} to ${short(last)}.`,
    series: [
      { look: "faint", points: steps.map((step, i) => [step, loss[i]!]) },
      { look: "strong", points: steps.map((step, i) => [step, smooth[i]!]) },
    ],
    isWide: evaluations.length < 2,
  };
}

function lengthChart(data: ReportData): Chart | undefined {
  const { rows, curves } = data;
  const ratios = curves.norms.map((ofRow, row) => ofRow.map((norm) => quotient(norm, rows[row]?.usualNorm)));
  const chart = rowsChart(data, ratios, {
    title: "Length",
    about: "Length of each vector, in lengths of an ordinary word. Far above it, a word drowns the rest of a prompt.",
    name: "The mean length relative to ordinary words",
  });
  return chart && { ...chart, level: { y: 1, label: "ordinary words" } };
}

/** Most vectors drawn one by one. */
const mostLines = 12;

function rowsChart(
  { curves: { steps } }: ReportData,
  values: readonly (readonly (number | null)[])[],
  { name, ...texts }: { readonly title: string; readonly about: string; readonly name: string },
): Chart | undefined {
  const mean = steps.map((_, i) => meanOf(values.map((ofRow) => ofRow[i] ?? null)));
  const [first, last] = [mean.find((value) => value !== null), mean.findLast((value) => value !== null)];
  if (first == null || last == null) return undefined;
  const line = (ofRow: readonly (number | null)[], look: Series["look"]): Series => ({
    look,
    points: steps.map((step, i) => [step, ofRow[i] ?? null]),
  });
  const isSingle = values.length === 1;
  const single = isSingle || values.length > mostLines ? [] : values.map((ofRow) => line(ofRow, "faint"));
  const range = steps.flatMap((step, i) => {
    const known = values.flatMap((ofRow) => ofRow[i] ?? []);
    return known.length === 0 ? [] : [[step, Math.min(...known), Math.max(...known)] as const];
  });
  const rest =
    single.length > 0
      ? " The strong line is their mean."
      : isSingle
        ? ""
        : " The line is their mean, the band their range.";
  return {
    ...texts,
    about: isSingle ? texts.about.replace("each", "the") : `${texts.about}${rest}`,
    alt: `${isSingle ? name.replace("mean ", "") : name} goes from ${short(first)} to ${short(last)}.`,
    series: [...single, line(mean, "strong")],
    band: !isSingle && single.length === 0 ? range : undefined,
  };
}

/** Moving averages over about a tenth of the points. */
export function smoothed(values: readonly (number | null)[]): (number | null)[] {
  const reach = Math.floor(values.length / 20);
  return values.map((_, i) => meanOf(values.slice(Math.max(0, i - reach), i + reach + 1)));
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function quotient(a: number | null, b: number | null | undefined): number | null {
  return a === null || !b ? null : a / b;
}

function short(value: number | null): string {
  return value === null ? "an unknown number" : value.toPrecision(3);
}
