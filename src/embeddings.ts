import { embeddingOfFile, type LearnedEmbedding, readEmbeddingFile } from "./embedding/index.ts";

/** A learned embedding as a value: what `train` returns, and what `generate` and `coinage/pipeline` take. */
export interface Embedding extends LearnedEmbedding {
  /** What prompts call it by. */
  readonly name: string;
}

/** What prompts call an embedding by, and its vectors: all that generating needs of one. */
export type PromptEmbedding = Pick<Embedding, "name" | "vectors" | "layers">;

/** Reads the embedding of a file of any program. name: what prompts are to call it by; unless given, the name of the file without its extension.
 *  @throws the EMBEDDING codes, FILE_NOT_FOUND */
export async function readEmbedding(file: string, name?: string): Promise<Embedding> {
  const read = await readEmbeddingFile(file);
  return { ...embeddingOfFile(read), name: name ?? read.name };
}
