#!/usr/bin/env node
// Read by the native library when it is loaded, so it is set before anything else is.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

const { enterCallersFolder } = await import("./environment.ts");
const { runCommandLine } = await import("./run.ts");
const { processTerminal } = await import("../reporters/index.ts");

// A reader that has seen enough (`| head`) closes the pipe: nothing is wrong then.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

enterCallersFolder();
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
