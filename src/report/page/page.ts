import path from "node:path";
import { familyNames } from "../../checkpoint/index.ts";
import { decodeReport, type ReportData, type Verdict } from "../data.ts";
import { curvesSection } from "./curves.ts";
import { measuresSection, runSection, usageSection } from "./details.ts";
import { type Html, html } from "./html.ts";
import { pageFile } from "./shell.ts";
import { isDrawn, stripSection } from "./strip.ts";

/** Name of the meta element that identifies a page's run and file. */
const markName = "coinage-report";

/** A report as one HTML file that needs no script, no network and no other file. */
export function renderReport(data: ReportData): string {
  const { word, model, run, verdict, versions } = data;
  const steps = run ? `, ${run.steps} steps` : "";
  const mark = html`<meta name="${markName}" content="${marksOf(data).join(" ")}">
`;
  const body = html`<header><h1>${word}</h1><p>${familyNames[model.family]}, ${path.basename(model.source)}${steps}</p></header>
<main>
${isDrawn(data.strip) ? [stripSection(data), verdictSection(verdict)] : [verdictSection(verdict), stripSection(data)]}
${curvesSection(data)}
${measuresSection(data)}
${usageSection(data)}
${runSection(data)}
</main>
<footer>Made by ${Object.entries(versions).map(([program, version], i) => `${i > 0 ? ", " : ""}${program} ${version}`)}. The same as data: the JSON file beside this one.</footer>`;
  return pageFile(`${word}: what was learned`, body, mark);
}

/** Marks that identify a report: its run, and its embedding file. */
export function marksOf({ runId, embedding: { sha256 } }: Pick<ReportData, "runId" | "embedding">): string[] {
  return [runId, sha256].filter((mark) => mark !== undefined);
}

/** The marks in a report's file, a page or its data; none for other files. */
export function marksOfFile(file: Uint8Array | undefined): string[] {
  const text = new TextDecoder().decode(file);
  const [, marks] = new RegExp(`<meta name="${markName}" content="([\\w -]+)">`).exec(text.slice(0, 2000)) ?? [];
  if (marks !== undefined) return marks.split(" ");
  try {
    return marksOf(decodeReport(text, ""));
  } catch {
    return [];
  }
}

function verdictSection({ kind, sentence }: Verdict): Html {
  return html`<section class="verdict ${kind}" aria-labelledby="verdict"><h2 id="verdict">Verdict</h2><p>${sentence}</p></section>`;
}
