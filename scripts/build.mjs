/** Compiles src to dist: JavaScript for Node, with types. Run `npm run build`. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

rmSync(at("dist"), { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [at("node_modules/@typescript/native/bin/tsc"), "-p", "tsconfig.build.json"],
  {
    cwd: root,
    stdio: "inherit",
  },
);
if (status === 0) {
  chmodSync(at("dist/cli/main.js"), 0o755);
  const { bundlePage } = await import("../dist/studio/bundle.js");
  const files = await bundlePage(new URL("../src/studio/page/main.tsx", import.meta.url));
  mkdirSync(at("dist/studio/page"));
  for (const [name, text] of files) writeFileSync(at(`dist/studio/page/${name}`), text);
}
process.exitCode = status ?? 1;
