import path from "node:path";
import {
  diffusersLines,
  flawOfPair,
  type LearnedWord,
  limitsOfFile,
  readEmbeddingFile,
  vectorCount,
  type WriteOptions,
  type WrittenLayout,
  wordOfFile,
  writeEmbedding,
} from "./embedding/index.ts";
import { CoinageError } from "./errors/index.ts";

export type ConvertOptions = Partial<WriteOptions>;

/** What was written, and what is to be said of the file read and of the one written. */
export interface Conversion {
  readonly layout: WrittenLayout;
  readonly vectors: number;
  readonly warnings: readonly string[];
  /** Lines of Python that load the file where diffusers does not find its tables by itself (SDXL); else empty. */
  readonly diffusersLines: readonly string[];
}

/** Writes an embedding of any program's layout in another one. Without a layout the extension decides as is usual:
 *  .png a picture, .bin diffusers, .pt the web UI's (SDXL: sd-scripts'), else sd-scripts' own; of words with vectors for each layer always that.
 *
 *  ```ts
 *  await convert("out/mycat.pt", "embeddings/mycat.safetensors", { layout: "kohya" });
 *  ```
 *  @throws the EMBEDDING codes, FILE_NOT_FOUND, OUTPUT_EXISTS when both are one file, OUTPUT_UNWRITABLE */
export async function convert(from: string, to: string, options: ConvertOptions = {}): Promise<Conversion> {
  if (path.resolve(from) === path.resolve(to))
    throw new CoinageError("OUTPUT_EXISTS", `${to} is the file to convert, and is not written over.`, {
      hint: "Choose another name for the new file.",
    });
  const file = await readEmbeddingFile(from);
  const flaw = flawOfPair(file);
  if (flaw) throw flaw;
  const word = wordOfFile(file);
  const layout = options.layout ?? usualLayout(to, word);
  await writeEmbedding(to, word, { ...options, layout });
  return {
    layout,
    vectors: vectorCount(word),
    warnings: [...file.warnings, ...limitsOfFile(to, word, layout, options.layout !== undefined)],
    diffusersLines: layout === "diffusers" && word.vectors.length === 2 ? diffusersLines(to) : [],
  };
}

function usualLayout(file: string, { vectors, layers }: LearnedWord): WrittenLayout {
  if (layers) return "kohya";
  switch (path.extname(file).toLowerCase()) {
    case ".png":
      return "png";
    case ".bin":
      return "diffusers";
    case ".pt":
      return vectors.length === 1 ? "a1111" : "kohya";
    default:
      return "kohya";
  }
}
