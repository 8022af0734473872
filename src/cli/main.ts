#!/usr/bin/env node
// set first: the native library reads it when it is loaded
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
  // too few file descriptors to load the program, whose own error messages are thus missing
  if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  process.stderr.write("SYSTEM_REFUSED  The program cannot be loaded: too many files are open (EMFILE).\n");
  process.stderr.write("Raise the limit: ulimit -n 4096\n");
  process.exitCode = 1;
}
