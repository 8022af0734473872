import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The same place from src/cli and from the compiled dist/cli.
const packageFile = fileURLToPath(new URL("../../package.json", import.meta.url));

export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}

/** How people call this program: from a checkout by npm's script, installed by npx. */
export const program = import.meta.url.endsWith(".ts") ? "npm run -s coinage --" : "npx coinage";

/** npm runs the scripts of a package in the package's folder; paths are meant from where the user stands. */
export function enterCallersFolder(): void {
  const { npm_package_json: runPackage, INIT_CWD: callersFolder } = process.env;
  const isRunByNpm = runPackage === packageFile && process.cwd() === path.dirname(packageFile);
  if (isRunByNpm && callersFolder) process.chdir(callersFolder);
}
