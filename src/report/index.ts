/** The report of a run for people: plain data, measured and drawn with the model, and rendered to one HTML page. */
export { completeReport, withReasonOfMissing } from "./complete.ts";
export { decodeReport, encodeReport, type ReportData, reportFormat, type StripColumn } from "./data.ts";
export { encodeTables, samplingSteps } from "./draw.ts";
export { hashesOf } from "./file/compose.ts";
export { type ReportEvent, reportOnFile } from "./file/report-on.ts";
export { anglesBetween, describeVectors } from "./measure/describe.ts";
export { type Html, html } from "./page/html.ts";
export { marksOf, marksOfFile, renderReport } from "./page/page.ts";
export { pageFile } from "./page/shell.ts";
export { sceneOf } from "./scene.ts";
export { generateWords } from "./usage.ts";
export { bestOf, judged } from "./verdict.ts";
