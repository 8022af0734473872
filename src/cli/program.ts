import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { quotedWord } from "../files/index.ts";

// the same relative path from src/cli and from the compiled dist/cli
const packageFile = fileURLToPath(new URL("../../package.json", import.meta.url));

/** The folder of this program's package. */
export const packageRoot = path.dirname(packageFile);

export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}

/** Changes to the user's folder, which paths are relative to: npm runs scripts in the package's folder. */
export function enterCallersFolder(): void {
  const { npm_package_json: runPackage, INIT_CWD: callersFolder } = process.env;
  // the path may contain links
  if (!runPackage || !existsSync(runPackage)) return;
  const isRunByNpm = realpathSync(runPackage) === packageFile && process.cwd() === packageRoot;
  if (isRunByNpm && callersFolder) process.chdir(callersFolder);
}

/** The folder in which a command will be typed, and the location of this program. */
interface Standpoint {
  readonly folder: string;
  /** The shell's PATH. */
  readonly searchPath: string;
  /** The folder of this program's package. */
  readonly root: string;
  /** Whether the package is a checkout, where npm runs the sources. */
  readonly isSource: boolean;
}

/** How to call this program from a folder, so that printed commands work as printed. */
export function programFrom({ folder, searchPath, root, isSource }: Standpoint): string {
  if (isSource) {
    const isInside = npmFolder(folder) === root;
    return isInside ? "npm run -s coinage --" : `npm --prefix ${quotedWord(root)} run -s coinage --`;
  }
  const local = upwards(folder, (above) => existing(path.join(above, "node_modules", "coinage")));
  // npx keeps packages that are not installed in its own cache folder, and finds them there
  if (local === root || root.split(path.sep).includes("_npx")) return "npx coinage";
  if (searchPath.split(path.delimiter).some((entry) => isGlobal(entry, root))) return "coinage";
  return `node ${quotedWord(path.join(root, "dist", "cli", "main.js"))}`;
}

/** How to call this program from the current folder, or another one. */
export function program(folder: string = currentFolder()): string {
  const { PATH: searchPath = "" } = process.env;
  return programFrom({
    folder,
    searchPath,
    root: packageRoot,
    isSource: import.meta.url.endsWith(".ts"),
  });
}

/** The current folder, even if it was deleted. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return path.parse(packageRoot).root;
  }
}

/** Replaces `coinage` in a text's commands by how to call it here. */
export function asCalled(text: string): string {
  return text.replace(
    /(?<!Usage: )\bcoinage (?=(?:train|generate|inspect|convert|report|plan|devices|studio|runs|stop|worker|cluster|sweep|demo|--help)\b)/g,
    () => `${program()} `,
  );
}

/** The folder whose scripts npm runs if called in `folder`. Source: npm's configuration, `prefix`. */
function npmFolder(folder: string): string | undefined {
  return upwards(folder, (above) =>
    ["package.json", "node_modules"].some((name) => existsSync(path.join(above, name))) ? existing(above) : undefined,
  );
}

/** Whether a folder of the PATH has the globally installed command. node_modules/.bin does not count: it is in the PATH only while npm runs something. */
function isGlobal(entry: string, root: string): boolean {
  if (entry === "" || path.basename(entry) === ".bin") return false;
  const command = existing(path.join(entry, "coinage"));
  const isLink = command?.startsWith(root + path.sep);
  // npm for Windows writes scripts instead of links, beside the packages
  return (
    isLink ||
    (existsSync(path.join(entry, "coinage.cmd")) && existing(path.join(entry, "node_modules", "coinage")) === root)
  );
}

function upwards<Found>(folder: string, find: (above: string) => Found | undefined): Found | undefined {
  const found = find(folder);
  const parent = path.dirname(folder);
  return found !== undefined || parent === folder ? found : upwards(parent, find);
}

/** A path with links resolved; undefined if it does not exist. */
function existing(target: string): string | undefined {
  try {
    return realpathSync(target);
  } catch {
    return undefined;
  }
}
