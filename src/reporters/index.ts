/** One stream of events, told to people and to programs. */
export { type Caller, commandLine } from "./command-line.ts";
export { openConsole } from "./console.ts";
export { generationReport } from "./generation-report.ts";
export { inspectionText } from "./inspection-text.ts";
export { jsonLinesReporter } from "./json-lines.ts";
export { reportListing } from "./listing-report.ts";
export { planText } from "./plan-text.ts";
export { type Reporter, reportAll } from "./reporter.ts";
export { tensorboardReporter, wantsTensorboard } from "./tensorboard.ts";
export { processTerminal, type Terminal } from "./terminal.ts";
export { type TrainingReportOptions, trainingReport } from "./training-report.ts";
