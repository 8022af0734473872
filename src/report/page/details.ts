import path from "node:path";
import { familyNames } from "../../checkpoint/index.ts";
import { diffusersLines, nameElsewhere, usesInPrograms } from "../../embedding/index.ts";
import { durationText, plural } from "../../errors/index.ts";
import type { ReportData } from "../data.ts";
import { gainOf } from "../verdict.ts";
import { commandText } from "./commands.ts";
import { type Content, type Html, html } from "./html.ts";

/** The numbers behind the verdict. */
export function measuresSection(data: ReportData): Html {
  return html`<section aria-labelledby="measures"><h2 id="measures">Measures</h2>
${factTable([
  ["Gain", gainText(data)],
  ["Drift of other words", driftText(data)],
  ["Length", lengthText(data)],
  ["Angle to the start", angleText(data)],
])}
${rowsTable(data)}
${cosinesTable(data)}
</section>`;
}

function gainText({ evaluations, run }: ReportData): Content {
  const gain = gainOf(evaluations, run?.choice?.step);
  if (!gain) return "not measured: --eval_every_n_steps 10 measures it while training";
  return html`<strong>${percent(gain.value)} ± ${percent(gain.error)}</strong> of the evaluation loss, by ${plural(evaluations.length, "evaluation")}`;
}

function driftText({ drift }: ReportData): Content {
  if (!drift) return "not measured";
  const { value, reference, against, prompts } = drift;
  const ratio = value / reference;
  return html`<strong>${ratio.toPrecision(2)} times</strong> that of swapping two nouns: what the text encoder says of the words after it changes by ${value.toPrecision(2)} (1 − cosine) against ${against}, mean of ${prompts} prompts`;
}

function lengthText({ rows }: ReportData): Content {
  const ratios = rows.flatMap(({ norm, usualNorm }) => (norm !== null && usualNorm ? [norm / usualNorm] : []));
  if (ratios.length === 0) return "unknown";
  return html`<strong>${rangeText(ratios)} times</strong> that of an ordinary word`;
}

function angleText({ rows, initWord }: ReportData): Content {
  const angles = rows.flatMap(({ angle }) => angle ?? []);
  if (angles.length === 0) return "unknown: the start is not known";
  return html`<strong>${rangeText(angles)} radians</strong>${initWord !== undefined && ` from “${initWord}”`}`;
}

function rangeText(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers).toPrecision(2), Math.max(...numbers).toPrecision(2)];
  return low === high ? low : `${low} to ${high}`;
}

/** Most vectors listed. */
const mostRows = 16;

function rowsTable({ rows }: ReportData): Html | false {
  if (rows.length === 0) return false;
  const hidden = rows.length - mostRows;
  return html`<h3>Vectors</h3><div class="scroll"><table>
<thead><tr><th scope="col">vector</th><th scope="col">nearest known words, by cosine</th><th scope="col">length</th><th scope="col">ordinary</th><th scope="col">angle</th></tr></thead>
<tbody>${rows
    .slice(0, mostRows)
    .map(
      ({ label, norm, usualNorm, angle, nearest }) =>
        html`<tr><th scope="row">${label}</th><td class="text">${nearest.map(
          ({ word, cosine }, i) => html`${i > 0 && ", "}${word} <small>${numberText(cosine, 2)}</small>`,
        )}</td><td>${numberText(norm)}</td><td>${numberText(usualNorm)}</td><td>${numberText(angle)}</td></tr>`,
    )}</tbody>
</table></div>${hidden > 0 && html`<p class="note">And ${hidden} more in the JSON file.</p>`}`;
}

/** The table of cosines, for several but not too many vectors. */
function cosinesTable({ cosines, rows }: ReportData): Content {
  const groups = cosines.filter(({ length }) => length > 1 && length <= 8).slice(0, 2);
  if (groups.length === 0) return false;
  let first = 0;
  return groups.map((group) => {
    const labels = rows.slice(first, first + group.length).map(({ label }) => label);
    first += group.length;
    return html`<h3>Cosines between vectors</h3><div class="scroll"><table>
<thead><tr><td></td>${labels.map((label) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${group.map((line, i) => html`<tr><th scope="row">${labels[i]}</th>${line.map((value) => html`<td>${numberText(value, 2)}</td>`)}</tr>`)}</tbody>
</table></div>`;
  });
}

/** How to use the file in each program. */
export function usageSection({ embedding, word, model, commands }: ReportData): Html {
  const { file } = embedding;
  const isLayered = embedding.layers !== undefined;
  const name = nameElsewhere(file, word);
  const uses = isLayered ? [] : usesInPrograms(file, word);
  const converted = `${word}.bin`;
  const lines =
    model.family === "sdxl"
      ? diffusersLines(converted)
      : [`pipe.load_textual_inversion(${JSON.stringify(converted)}, token=${JSON.stringify(word)})`];
  return html`<section aria-labelledby="usage"><h2 id="usage">How to use it</h2>
${commands.generate && html`<p>${commandText(commands.generate)}</p>`}
${
  isLayered
    ? html`<p>It has vectors for each layer of the U-Net (P+, XTI): only coinage and sd-scripts load such files.</p>`
    : html`<div class="scroll"><table>
<thead><tr><th scope="col">program</th><th scope="col">copy ${name}</th><th scope="col">in prompts</th></tr></thead>
<tbody>${uses.map(({ program, place, call }) => html`<tr><th scope="row">${program}</th><td class="text">${place}</td><td class="text"><code>${call}</code></td></tr>`)}
<tr><th scope="row">sd-scripts</th><td class="text"><code>--textual_inversion_embeddings ${path.basename(file)}</code></td><td class="text"><code>${path.parse(file).name}</code></td></tr></tbody>
</table></div>
<p>diffusers, after ${commandText(["convert", path.basename(file), converted, "--to", "diffusers"])}</p>
<pre><code>${lines.join("\n")}</code></pre>`
}
</section>`;
}

function endText({ failure, stopReason, isInterrupted }: NonNullable<ReportData["run"]>): string {
  if (failure !== undefined) return `by an error: ${failure}`;
  if (stopReason !== undefined) return `early: ${stopReason}`;
  return isInterrupted ? "before its last step" : "as planned";
}

function recipeText({ recipe }: NonNullable<ReportData["run"]>): Content {
  if (!recipe) return "none";
  const why = recipe.reason === undefined ? "" : ` (auto: ${recipe.reason})`;
  return html`${recipe.name}${why}: <code>${recipe.settings}</code>`;
}

/** Settings, images, model, versions and hashes. */
export function runSection(data: ReportData): Html {
  const { run, dataset, model, settings, embedding, versions, date, initWord, tokens, warnings } = data;
  return html`<section aria-labelledby="run"><h2 id="run">Details</h2>
${
  warnings.length > 0 &&
  html`<h3>Warnings</h3><ul class="warnings">${warnings.map(
    ({ code, message, count }) => html`<li><code>${code}</code>${count > 1 && ` (${count} times)`} ${message}</li>`,
  )}</ul>`
}
<h3>Run</h3>
${factTable([
  ["Word", html`${tokens.join(" ")}${initWord !== undefined && `, started from “${initWord}”`}`],
  ...(run
    ? ([
        ["Steps", `${run.steps} of ${run.plannedSteps} in ${durationText(run.seconds)}`],
        ["Ended", endText(run)],
        ...(run.choice ? [["Vectors", run.choice.message] as const] : []),
        ["Recipe", recipeText(run)],
        ["Device", run.device],
      ] as const)
    : []),
  ["Report made", `${date.slice(0, 16).replace("T", " ")} UTC`],
])}
${
  dataset &&
  html`<h3>Images</h3>${factTable([
    [
      "Number",
      `${plural(dataset.images, "image")} with repeats${dataset.regImages > 0 ? `, ${dataset.regImages} regularization images` : ""}`,
    ],
    [
      "Folders",
      list(
        dataset.folders.map(
          ({ path: folder, images, repeats }) => `${folder}: ${plural(images, "image")} × ${repeats}`,
        ),
      ),
    ],
    ["Size", dataset.resolution],
    ["Captions", list(dataset.captions.map((caption) => `“${caption}”`))],
  ])}`
}
<h3>Model</h3>
${factTable([
  ["Model", model.source],
  ...(model.vae === undefined ? [] : ([["VAE", model.vae]] as const)),
  ["Family", `${familyNames[model.family]}, predicts ${model.predictionType === "epsilon" ? "noise" : "velocity"}`],
  ...Object.entries(model.hashes).map(([part, hash]) => [`Hash, ${part}`, html`<code>${hash}</code>`] as const),
])}
<h3>File</h3>
${factTable([
  ["Embedding", embedding.file],
  ...(embedding.sha256 === undefined ? [] : ([["SHA-256", html`<code>${embedding.sha256}</code>`]] as const)),
  ...Object.entries(versions).map(([program, version]) => [program, version] as const),
])}
${
  settings.length > 0 &&
  html`<details><summary>Settings that differ from their defaults (${settings.length})</summary>
${factTable(settings.map(([flag, value]) => [html`<code>--${flag}</code>`, html`<code>${value}</code>`] as const))}</details>`
}
</section>`;
}

function factTable(facts: readonly (readonly [Content, Content])[]): Html {
  return html`<table class="facts"><tbody>${facts.map(([name, fact]) => html`<tr><th scope="row">${name}</th><td>${fact}</td></tr>`)}</tbody></table>`;
}

function list(items: readonly string[]): Html {
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

function numberText(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? "–" : value.toPrecision(digits);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
