#!/usr/bin/env node
// Read by the native library when it is loaded, so it is set before anything else is.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

try {
  const { enterCallersFolder } = await import("./program.ts");
  const { codeAfterOutput, guardOutput } = await import("./output.ts");
  const { runCommandLine } = await import("./run.ts");
  const { processTerminal } = await import("../reporters/index.ts");

  guardOutput();
  enterCallersFolder();
  process.exitCode = await codeAfterOutput(await runCommandLine(process.argv.slice(2), processTerminal()));
} catch (error) {
  // Too few open files for the program itself: there is none of it that could say so.
  if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  process.stderr.write("SYSTEM_REFUSED  The program cannot be read: too many files are open (EMFILE).\n");
  process.stderr.write("Allow more of them: ulimit -n 4096\n");
  process.exitCode = 1;
}
