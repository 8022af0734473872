import path from "node:path";
import { familyNames } from "../../checkpoint/index.ts";
import type { ReportData, Verdict } from "../data.ts";
import { curvesSection } from "./curves.ts";
import { measuresSection, runSection, usageSection } from "./details.ts";
import { Html, html } from "./html.ts";
import { stripSection } from "./strip.ts";
import { style } from "./style.ts";

/** Name of the element that says which run a page is of. */
const runMark = "coinage-run";

/** A report as one file of HTML that needs no script, no network and no other file. */
export function renderReport(data: ReportData): string {
  const { word, model, run, verdict, versions, runId } = data;
  const steps = run ? `, ${run.steps} steps` : "";
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
${runId !== undefined && html`<meta name="${runMark}" content="${runId}">`}
<title>${word}: what was learned</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><h1>${word}</h1><p>${familyNames[model.family]}, ${path.basename(model.source)}${steps}</p></header>
<main>
${stripSection(data)}
${verdictSection(verdict)}
${curvesSection(data)}
${measuresSection(data)}
${usageSection(data)}
${runSection(data)}
</main>
<footer>Made by ${Object.entries(versions).map(([program, version], i) => `${i > 0 ? ", " : ""}${program} ${version}`)}. The same as data: the JSON file beside this one.</footer>
</body>
</html>
`;
  return page.text;
}

/** The run whose report a page is; undefined for pages that are none. */
export function runOfPage(page: string): string | undefined {
  return new RegExp(`<meta name="${runMark}" content="([\\w-]+)">`).exec(page.slice(0, 2000))?.[1];
}

function verdictSection({ kind, sentence }: Verdict): Html {
  return html`<section class="verdict ${kind}" aria-labelledby="verdict"><h2 id="verdict">Verdict</h2><p>${sentence}</p></section>`;
}
