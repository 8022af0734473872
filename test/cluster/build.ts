import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { serverProgram } from "./redis.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = path.join(root, ".cache", "cluster-test");

/** The compiled program, as users have it: its processes start several times as fast as from the source. */
export const program = path.join(built, "dist", "cli", "main.js");

/** Builds the program once for all tests. */
export function setup(): void {
  serverProgram();
  rmSync(path.join(built, "dist"), { recursive: true, force: true });
  mkdirSync(built, { recursive: true });
  for (const name of ["package.json", "assets", "node_modules"])
    if (!existsSync(path.join(built, name))) symlinkSync(path.join(root, name), path.join(built, name));
  const compiler = path.join(root, "node_modules", "@typescript", "native", "bin", "tsc");
  const words = ["-p", "tsconfig.build.json", "--outDir", path.join(built, "dist"), "--declaration", "false"];
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...words], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the program cannot be built: ${stdout}`);
}
