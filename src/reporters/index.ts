/** One stream of events, shown to people and written for programs. */
export { planText } from "./first-screen.ts";
export { generationReport } from "./generation-report.ts";
export { inspectionText } from "./inspection-text.ts";
export { reportListing } from "./listing-report.ts";
export { type Caller, commandLine } from "./next-steps.ts";
export { pageReport } from "./page-report.ts";
export { jsonLinesReporter, type Reporter, reportAll } from "./reporter.ts";
export { Talk } from "./talk.ts";
export { tensorboardReporter, wantsTensorboard } from "./tensorboard.ts";
export { openConsole, processTerminal, type Terminal } from "./terminal.ts";
export { trainingReport } from "./training-report.ts";
