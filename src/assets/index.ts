import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

// The same folder from src/assets and from the compiled dist/assets.
const folder = new URL("../../assets/", import.meta.url);

/** The small Stable Diffusion model included with the program: a Diffusers folder. */
export const tinySdFolder = fileURLToPath(new URL("tiny-sd", folder));

/** The sample concepts: for each a folder of captioned images and, beside it, a dataset config of the same name. */
export const conceptsFolder = fileURLToPath(new URL("concepts", folder));

let merges: Promise<string> | undefined;

/** CLIP's merges, from which all tokenizers are built; read once. */
export function clipMerges(): Promise<string> {
  merges ??= readFile(new URL("clip-merges.txt", folder), "utf8");
  return merges;
}

let packageVersion: Promise<string> | undefined;

/** The program's version. */
export function version(): Promise<string> {
  packageVersion ??= readFile(new URL("../../package.json", import.meta.url), "utf8").then(
    (text) => (JSON.parse(text) as { version: string }).version,
  );
  return packageVersion;
}
