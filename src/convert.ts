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
  /** Replace an existing file. Without it, only a file with the same content is replaced. */
  readonly overwrite?: boolean;
}

/** The result of a conversion, with warnings about both files. */
export interface Conversion {
  readonly layout: WrittenLayout;
  readonly vectors: number;
  readonly warnings: readonly string[];
  /** Lines of Python that load the file, if diffusers does not find its tables by itself (SDXL); else empty. */
  readonly diffusersLines: readonly string[];
}

/** Converts an embedding file from any program's layout to another one. The default layout follows the extension:
 *  .png an image, .bin diffusers, .pt the web UI's (SDXL: sd-scripts'), else sd-scripts'; always sd-scripts' for vectors for each layer.
 *
 *  ```ts
 *  await convert("out/mycat.pt", "embeddings/mycat.safetensors", { layout: "kohya" });
 *  ```
 *  @throws the EMBEDDING codes, FILE_NOT_FOUND, OUTPUT_EXISTS for an existing file with other content, OUTPUT_UNWRITABLE */
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

/** @throws OUTPUT_EXISTS for an existing file with other content, unless it may be overwritten */
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
