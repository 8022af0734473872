import { promptOf, type ReportData, type StripColumn } from "../data.ts";
import { commandText } from "./commands.ts";
import { type Html, html } from "./html.ts";

/** The strip: a row of images for each prompt, with the same seed from the init word to the last vectors. */
export function stripSection({ word, strip, commands }: ReportData): Html {
  const { prompts, columns, missing } = strip;
  const rows = prompts.map(
    (prompt, row) => html`<figure class="row">
<figcaption>“${promptOf(prompt, word)}” <small>seed ${prompt.seed}</small></figcaption>
<ol style="--columns:${columns.length}">${columns.map((column) => cell(column, row, strip, promptOf(prompt, word)))}</ol>
</figure>`,
  );
  const draw = commands.draw && html` Draw ${isDrawn(strip) ? "all" : "them"}: ${commandText(commands.draw)}`;
  return html`<section aria-labelledby="strip"><h2 id="strip" class="unseen">What ${word} looks like</h2>
${isDrawn(strip) && html`<div class="strip">${rows}</div>`}
${missing !== undefined && html`<p class="note">${missing}${draw}</p>`}
</section>`;
}

/** Whether any image was drawn. */
export function isDrawn({ columns }: ReportData["strip"]): boolean {
  return columns.some(({ pictures }) => pictures.some((picture) => picture !== null));
}

function cell(column: StripColumn, row: number, { width, height }: ReportData["strip"], prompt: string): Html {
  const picture = column.pictures[row];
  const [about, ...rest] = column.label.split(", ");
  const label = html`<span class="label">${about}${rest.length > 0 && html` <small>${rest.join(", ")}</small>`}</span>`;
  const content = picture
    ? html`<img src="data:image/png;base64,${picture}" width="${width}" height="${height}" alt="“${prompt}”: ${column.label}">`
    : html`<span class="empty" style="aspect-ratio:${width}/${height}">not drawn</span>`;
  return html`<li class="${column.role}">${content}${label}</li>`;
}
