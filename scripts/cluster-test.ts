import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs the tests of shared runs at full length, which takes an hour or two: `npm run cluster-test`; arguments after `--` go to vitest. */
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "cluster", ...process.argv.slice(2)], {
  env: { ...process.env, COINAGE_CLUSTER_TESTS: "long" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
