import path from "node:path";
import {
  diffusersLines,
  embeddingOfFile,
  encodeEmbedding,
  flawOfPair,
  flawOfWidth,
  type LearnedEmbedding,
  limitsOfFile,
  readEmbeddingFile,
  vectorCount,
  type WriteOptions,
  type WrittenLayout,
} from "./embedding/index.ts";
import { CoinageError } from "./errors/index.ts";
import { kindOfPath, readEarlierFile, writeFileAtomically } from "./files/index.ts";

export interface ConvertOptions extends Partial<WriteOptions> {
  /** Replace a file that is there already. Without it only one that holds the same is written anew. */
  readonly overwrite?: boolean;
}

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
 *  @throws the EMBEDDING codes, FILE_NOT_FOUND, OUTPUT_EXISTS when there is another file already, OUTPUT_UNWRITABLE */
export async function convert(from: string, to: string, options: ConvertOptions = {}): Promise<Conversion> {
  if (path.resolve(from) === path.resolve(to))
    throw new CoinageError("OUTPUT_EXISTS", `${to} is the file to convert, and is not written over.`, {
      hint: "Choose another name for the new file.",
    });
  if ((await kindOfPath(to)) === "folder")
    throw new CoinageError("OUTPUT_EXISTS", `${to} is a folder, and convert writes a file.`, {
      hint: `Name the file in it, for example ${path.join(to, path.basename(from))}: its name is the word.`,
    });
  const file = await readEmbeddingFile(from);
  const flaw = flawOfPair(file) ?? flawOfWidth(file);
  if (flaw) throw flaw;
  const word = embeddingOfFile(file);
  const layout = options.layout ?? usualLayout(to, word);
  const bytes = await encodeEmbedding(to, word, { ...options, layout });
  await refuseOther(to, bytes, options.overwrite ?? false);
  await writeFileAtomically(to, bytes);
  return {
    layout,
    vectors: vectorCount(word),
    warnings: [...file.warnings, ...limitsOfFile(to, word, layout, options.layout !== undefined)],
    diffusersLines: layout === "diffusers" && word.vectors.length === 2 ? diffusersLines(to) : [],
  };
}

/** What stands at a path is replaced when it is asked for, or the same already. @throws OUTPUT_EXISTS */
async function refuseOther(to: string, bytes: Uint8Array, overwrite: boolean): Promise<void> {
  if (overwrite || (await kindOfPath(to)) === "nothing") return;
  const found = await readEarlierFile(to);
  if (found !== undefined && Buffer.compare(found, bytes) === 0) return;
  throw new CoinageError("OUTPUT_EXISTS", `${to} is there already, and is another file.`, {
    hint: "Choose another name, or give --overwrite to replace it.",
  });
}

function usualLayout(file: string, { vectors, layers }: LearnedEmbedding): WrittenLayout {
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
