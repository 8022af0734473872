import { fstatSync } from "node:fs";
import { endRuns } from "./end-runs.ts";

// Loaded into programs that a test starts. The pipe to their standard input closes when the test ends, even if it is killed, and they then end too.

const input = fstatSync(0);
// the processes that they start also load this, and have no such pipe
if (input.isSocket() || input.isFIFO()) {
  process.stdin.on("end", async () => {
    const { COINAGE_HOME: home } = process.env;
    if (home) await endRuns(home).catch(() => {});
    process.exit();
  });
  process.stdin.resume().unref();
}
