import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../errors/index.ts";

/** The existing path that the user probably meant: the first missing part replaced by the nearest name beside it, the rest as written.
 *  Undefined if no name is similar. */
export function nearPath(target: string): string | undefined {
  const parts = target.split(/(?<=[/\\])/);
  const missing = parts.findIndex((_, i) => !exists(parts.slice(0, i + 1).join("")));
  if (missing < 0) return undefined;
  const [, name, separator] = /^(.*?)([/\\]*)$/.exec(parts[missing]!)!;
  const start = parts.slice(0, missing).join("");
  const names = namesIn(start || ".");
  // a name with another extension, or in another letter case, is nearer than any other
  const near =
    names.find((candidate) => path.parse(candidate).name === path.parse(name!).name) ??
    names.find((candidate) => candidate.toLowerCase() === name!.toLowerCase()) ??
    names.find((candidate) => stem(candidate) === stem(name!)) ??
    likelyMeant(name!, names);
  if (near === undefined) return undefined;
  const found = start + near + separator! + parts.slice(missing + 1).join("");
  return exists(found) ? found : undefined;
}

/** "Did you mean pictures?", or undefined. */
export function didYouMean(target: string): string | undefined {
  const near = nearPath(target);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

/** The hint of an error about a missing path: the path that was probably meant, and `otherwise`. */
export function hintOfMissing(target: string, otherwise?: string): { readonly hint?: string } {
  const hint = [didYouMean(target), otherwise].filter((part) => part !== undefined).join(" ");
  return hint === "" ? {} : { hint };
}

/** The name that was probably meant. Extensions are nearly always the same, so they do not make two names similar. */
function likelyMeant(name: string, names: readonly string[]): string | undefined {
  const stems = new Map(
    names
      .filter((candidate) => Math.abs(candidate.length - name.length) <= mostAdded)
      .map((candidate) => [path.parse(candidate).name, candidate]),
  );
  const near = nearestName(path.parse(name).name, stems.keys());
  return near === undefined ? undefined : stems.get(near);
}

/** Most letters by which a mistyped name may differ in length. */
const mostAdded = 8;

function exists(target: string): boolean {
  try {
    return statSync(target, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch {
    return [];
  }
}

function stem(name: string): string {
  return path.parse(name).name.toLowerCase();
}

/** A word quoted for a shell. */
export function quotedWord(word: string, platform: NodeJS.Platform = process.platform): string {
  return platform === "win32" ? quotedForWindows(word) : quotedForPosix(word);
}

/** Single quotes make everything literal, including an exclamation mark in an interactive shell; double quotes are easier to read. */
function quotedForPosix(word: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`;
}

/** Backslashes are special only before a double quote. */
function quotedForWindows(word: string): string {
  if (/^[\w@+:,./\\-][\w@+=:,./\\-]*$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
