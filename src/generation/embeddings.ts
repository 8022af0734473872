import { readEmbeddingFile, type TargetModel, wordForModel } from "../embedding/index.ts";
import type { NamedWord } from "./vocabulary.ts";

export interface LoadedEmbedding extends NamedWord {
  /** What its author called it. */
  readonly token: string | undefined;
  readonly warnings: readonly string[];
}

/** Reads an embedding file for a model; the word is the file's name without its extension.
 *  @throws FILE_NOT_FOUND, EMBEDDING_WIDTH, EMBEDDING_FAMILY, EMBEDDING_LAYERS and the other codes of the embedding room */
export async function loadEmbedding(path: string, model: TargetModel): Promise<LoadedEmbedding> {
  const file = await readEmbeddingFile(path, model.widths.length === 1 ? "first" : "refuse");
  const { vectors, layers } = wordForModel(file, model);
  return { name: file.name, vectors, layers, file: path, token: file.token, warnings: file.warnings };
}
