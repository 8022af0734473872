import path from "node:path";
import { durationText } from "../errors/index.ts";
import { previewOf } from "../pictures/index.ts";
import { type Html, html, pageFile } from "../report/index.ts";
import { type AxisEffect, type Effect, gainOf, type SweepRow } from "./table.ts";

/** Longer side of a picture on the page, in pixels. */
const pictureSide = 192;

/** Everything the page shows. */
export interface PageData {
  readonly name: string;
  readonly axes: readonly string[];
  readonly rows: readonly SweepRow[];
  readonly effects: readonly AxisEffect[];
  /** The sweep's folder. */
  readonly folder: string;
}

/** A sweep as one HTML file that needs no script, no network and no other file. */
export async function renderSweep({ name, axes, rows, effects, folder }: PageData): Promise<string> {
  const done = rows.filter(({ result }) => result?.outcome === "done").length;
  const pictures = await Promise.all(rows.map((row) => picturesOf(row, folder)));
  const isDrawn = pictures.some((some) => some.length > 0);
  const body = html`<header><h1>${name}</h1><p>${done} of ${rows.length} runs done</p></header>
<main>
<section aria-labelledby="runs"><h2 id="runs">Runs, the best first</h2>
<p class="note">Loss: on images, captions, noise and timesteps that stay the same. Drop: how far it fell from the start, ± standard error. Against others: against the mean of all runs on the same batch. Length: of the vectors, in lengths of ordinary words.</p>
<div class="scroll"><table>
<thead><tr>${axes.map((axis) => html`<th>${axis}</th>`)}<th>loss</th><th>against others</th><th>drop</th><th>length</th><th>time</th><th>verdict</th></tr></thead>
<tbody>${rows.map((row) => rowOf(row))}</tbody>
</table></div></section>
${
  isDrawn &&
  html`<section aria-labelledby="pictures"><h2 id="pictures">What the words look like</h2>
<div class="strip">${rows.map((row, i) => stripOf(row, pictures[i]!))}</div></section>`
}
${
  effects.length > 0 &&
  html`<section aria-labelledby="effects"><h2 id="effects">What each axis does</h2>
<p class="note">Each value against the mean of its axis, all else equal; ± standard error over the combinations of the other axes.</p>
${effects.map((effect) => effectTable(effect))}</section>`
}
</main>
<footer>The same as data: sweep.json beside this file. Each run has a folder of its own.</footer>`;
  return pageFile(`${name}: ${rows.length} runs compared`, body);
}

function rowOf({ run, result, relative }: SweepRow): Html {
  const { figures, problem, outcome } = result ?? {};
  const labels = run.labels.map((label) => html`<td>${label}</td>`);
  if (!figures) {
    const why = problem ? `${problem.code}: ${problem.message}` : (outcome ?? "not begun");
    return html`<tr>${labels}<td>–</td><td></td><td></td><td></td><td></td><td class="text">${why}</td></tr>`;
  }
  const { loss, drop, dropError, length, verdict } = figures;
  return html`<tr>${labels}<td>${loss.toPrecision(4)}</td><td>${relative === undefined ? "" : percent(relative)}</td><td>${percent(gainOf(figures))} (${drop.toPrecision(2)} ± ${dropError.toPrecision(1)})</td><td>${length?.toPrecision(2) ?? ""}</td><td>${durationText(result?.seconds ?? 0)}</td><td class="text">${verdict.sentence}</td></tr>`;
}

/** Images of a run as data: URLs. */
async function picturesOf({ run, result }: SweepRow, folder: string): Promise<string[]> {
  const files = (result?.pictures ?? []).map((name) => path.join(folder, run.name, name));
  // unreadable images are left out
  const read = await Promise.all(files.map((file) => previewOf(file, pictureSide).catch(() => undefined)));
  return read.flatMap((bytes) => (bytes ? [`data:image/webp;base64,${Buffer.from(bytes).toString("base64")}`] : []));
}

function stripOf({ run }: SweepRow, pictures: readonly string[]): Html | false {
  const label = run.labels.join(", ");
  return (
    pictures.length > 0 &&
    html`<figure class="row"><figcaption>${label}</figcaption>
<ol style="--columns:${Math.max(4, pictures.length)}">${pictures.map((source, i) => html`<li><img src="${source}" alt="${label}, image ${i + 1}"></li>`)}</ol></figure>`
  );
}

function effectTable({ axis, points }: AxisEffect): Html {
  const hasLoss = points.some(({ loss }) => loss);
  return html`<h3>${axis}</h3><div class="scroll"><table>
<thead><tr><th>value</th>${hasLoss && html`<th>loss</th>`}<th>fall of the loss</th></tr></thead>
<tbody>${points.map(({ label, loss, gain }) => html`<tr><td>${label}</td>${hasLoss && html`<td>${effectText(loss)}</td>`}<td>${effectText(gain)}</td></tr>`)}</tbody>
</table></div>`;
}

/** "−3.1 ± 0.4 %". */
export function effectText(effect: Effect | undefined): string {
  if (!effect) return "–";
  const { value, error } = effect;
  return error === undefined ? percent(value) : `${signed(100 * value)} ± ${(100 * error).toFixed(1)} %`;
}

export function percent(share: number): string {
  return `${signed(100 * share)} %`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}
