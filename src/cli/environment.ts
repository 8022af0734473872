import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The same place from src/cli and from the compiled dist/cli.
const packageFile = fileURLToPath(new URL("../../package.json", import.meta.url));

/** The folder of this program's package. */
export const packageRoot = path.dirname(packageFile);

export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}

/** npm runs the scripts of a package in the package's folder; paths are meant from where the user stands. */
export function enterCallersFolder(): void {
  const { npm_package_json: runPackage, INIT_CWD: callersFolder } = process.env;
  // npm may have been told of the package by a path with links in it
  if (!runPackage || !existsSync(runPackage)) return;
  const isRunByNpm = realpathSync(runPackage) === packageFile && process.cwd() === packageRoot;
  if (isRunByNpm && callersFolder) process.chdir(callersFolder);
}
