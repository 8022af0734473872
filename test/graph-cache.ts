import { rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Where tests keep optimized graphs: the small model's are optimized once for all tests, which takes as long as some steps of training. The user's own cache is left alone. */
export const testCache = path.join(os.tmpdir(), `coinage-cache-${process.pid}`);

export function teardown(): void {
  rmSync(testCache, { recursive: true, force: true });
}
