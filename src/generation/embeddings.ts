import { readdir } from "node:fs/promises";
import path from "node:path";
import { embeddingForModel, readEmbeddingFile, type TargetModel } from "../embedding/index.ts";
import { CoinageError, firstFew } from "../errors/index.ts";
import { kindOfPath } from "../files/index.ts";
import type { NamedWord } from "./vocabulary.ts";

export interface LoadedEmbedding extends NamedWord {
  /** What its author called it. */
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

/** A file that has an equals sign in its name goes before. */
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
    hint: files.length > 0 ? `Name its files: ${firstFew(paths, 3, " ")}` : "It holds no embedding file either.",
  });
}
