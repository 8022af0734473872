import { readdir } from "node:fs/promises";
import path from "node:path";
import { embeddingForModel, readEmbeddingFile, type TargetModel } from "../../embedding/index.ts";
import { CoinageError, firstFew } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import type { NamedEmbedding } from "../../pipeline/index.ts";

/** The model of `--ckpt`: a path, or a pattern with *, ? or [...] that matches exactly one. @throws FILE_NOT_FOUND */
export async function resolveModelPath(target: string): Promise<string> {
  if ((await kindOfPath(target)) !== "nothing" || !/[*?[]/.test(target)) return target;
  const found = await matching(target);
  if (found.length === 1) return found[0]!;
  const what = found.length === 0 ? "no file" : `${found.length} files`;
  throw new CoinageError("FILE_NOT_FOUND", `The pattern ${target} matches ${what}; it must match exactly one.`, {
    where: `--ckpt ${target}`,
    ...(found.length > 0 && { hint: found.slice(0, 10).join("\n") }),
  });
}

async function matching(pattern: string): Promise<string[]> {
  const { root } = path.parse(pattern);
  let found = [root];
  for (const part of pattern.slice(root.length).split(/[/\\]/)) {
    const next: string[] = [];
    for (const folder of found) next.push(...(await matchingIn(folder, part)));
    found = next;
  }
  return found.sort();
}

async function matchingIn(folder: string, part: string): Promise<string[]> {
  if (!/[*?[]/.test(part)) {
    const single = path.join(folder, part);
    return (await kindOfPath(single)) === "nothing" ? [] : [single];
  }
  const names = await readdir(folder || ".").catch(() => []);
  const expression = new RegExp(`^${partExpression(part)}$`, "s");
  return names
    .filter((name) => expression.test(name) && (part.startsWith(".") || !name.startsWith(".")))
    .map((name) => path.join(folder, name));
}

function partExpression(part: string): string {
  return part.replace(/\*|\?|\[(!?)([^\]]+)\]|[\\^$.+()[\]{}|/]/g, (found, not?: string, set?: string) => {
    if (found === "*") return ".*";
    if (found === "?") return ".";
    if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
    return `\\${found}`;
  });
}

interface LoadedEmbedding extends NamedEmbedding {
  readonly file: string;
  /** The author's name for it. */
  readonly token: string | undefined;
  readonly warnings: readonly string[];
}

/** Reads an embedding file for a model; the word is the file's name without its extension. given: the file, or WORD=FILE for another word.
 *  @throws FILE_NOT_FOUND, EMBEDDING_WIDTH, EMBEDDING_FAMILY, EMBEDDING_LAYERS and the other codes of the embedding room */
export async function loadEmbedding(given: string, model: TargetModel): Promise<LoadedEmbedding> {
  const { file, word } = await wordAndFile(given);
  if ((await kindOfPath(file)) === "folder") throw await folderGiven(file);
  const read = await readEmbeddingFile(file, model.widths.length === 1 ? "first" : "refuse");
  const { vectors, layers } = embeddingForModel(read, model);
  return { name: word ?? read.name, vectors, layers, file, token: read.token, warnings: read.warnings };
}

/** Splits WORD=FILE. A file whose name contains an equals sign takes precedence. */
async function wordAndFile(given: string): Promise<{ readonly file: string; readonly word?: string }> {
  const at = given.indexOf("=");
  if (at < 1 || (await kindOfPath(given)) !== "nothing") return { file: given };
  return { word: given.slice(0, at), file: given.slice(at + 1) };
}

async function folderGiven(folder: string): Promise<CoinageError> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.(safetensors|pt|pti|bin|ckpt|png|webp|avif)$/i.test(name)).sort();
  const paths = files.map((name) => path.join(folder, name));
  return new CoinageError("FILE_UNREADABLE", `${path.resolve(folder)} is a folder, not an embedding file.`, {
    hint: files.length > 0 ? `Name its files: ${firstFew(paths, 3, " ")}` : "It contains no embedding file.",
  });
}
