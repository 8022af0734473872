#!/usr/bin/env node
// Read by the native library when it is loaded, so it is set before anything else is.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

const { enterCallersFolder } = await import("./environment.ts");
const { codeAfterOutput, guardOutput } = await import("./output.ts");
const { runCommandLine } = await import("./run.ts");
const { processTerminal } = await import("../reporters/index.ts");

guardOutput();
enterCallersFolder();
process.exitCode = await codeAfterOutput(await runCommandLine(process.argv.slice(2), processTerminal()));
