import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const test = fileURLToPath(new URL("../../test", import.meta.url));
/** Where findings are kept. */
export const hostileFolder = path.join(test, "hostile");
const largestSeed = 100_000;

/** Files of test/goldens and test/hostile with one of these endings, the smaller ones. */
export function filesEnding(...endings: readonly string[]): Uint8Array[] {
  const files = ["goldens", "hostile"].flatMap((folder) =>
    readdirSync(path.join(test, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      path.join(test, folder, name),
    ),
  );
  const seeds = files.filter(
    (file) => endings.some((ending) => file.endsWith(ending)) && statSync(file).size <= largestSeed,
  );
  return seeds.toSorted().map((file) => new Uint8Array(readFileSync(file)));
}

export function texts(...lines: readonly string[]): Uint8Array[] {
  return lines.map((line) => new TextEncoder().encode(line));
}
