import { fstatSync } from "node:fs";
import { endRuns } from "./end-runs.ts";

// Loaded into programs that a test starts. The pipe to their standard input is closed when the test is gone, even if it was killed, and they end then.

const input = fstatSync(0);
// what they start in turn is loaded with this, too, and has no such pipe
if (input.isSocket() || input.isFIFO()) {
  process.stdin.on("end", async () => {
    const { COINAGE_HOME: home } = process.env;
    if (home) await endRuns(home).catch(() => {});
    process.exit();
  });
  process.stdin.resume().unref();
}
