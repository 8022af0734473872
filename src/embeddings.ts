import { embeddingOfFile, type LearnedEmbedding, readEmbeddingFile } from "./embedding/index.ts";

/** A learned embedding as a value: returned by `train`, taken by `generate` and `coinage/pipeline`. */
export interface Embedding extends LearnedEmbedding {
  /** The word in prompts. */
  readonly name: string;
}

/** An embedding for generation: its word in prompts and its vectors. */
export type PromptEmbedding = Pick<Embedding, "name" | "vectors" | "layers">;

/** Reads an embedding file of any program. name: the word for prompts (default: the file's name without extension).
 *  @throws the EMBEDDING codes, FILE_NOT_FOUND */
export async function readEmbedding(file: string, name?: string): Promise<Embedding> {
  const read = await readEmbeddingFile(file);
  return { ...embeddingOfFile(read), name: name ?? read.name };
}
