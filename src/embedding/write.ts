import path from "node:path";
import { float32ToBfloat16, float32ToFloat16, type NdArray, toFloat32 } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import { withPngTexts } from "../formats/png-text/index.ts";
import { parseSafetensors, readTensor, writeSafetensors } from "../formats/safetensors/index.ts";
import { type TorchInput, writeTorchFile } from "../formats/torch/index.ts";
import { encodePng } from "../pictures/index.ts";
import type { LearnedEmbedding } from "./learned-embedding.ts";
import { embeddingKeyword } from "./picture.ts";

/** The layouts in which an embedding can be written. kohya: sd-scripts'. */
export const writtenLayouts = ["kohya", "a1111", "diffusers", "invoke", "png"] as const;
export type WrittenLayout = (typeof writtenLayouts)[number];

/** `--save_precision`. */
export type SavePrecision = "float" | "fp16" | "bf16";

export interface WriteOptions {
  readonly layout: WrittenLayout;
  /** Undefined keeps the embedding's own. */
  readonly precision?: SavePrecision | undefined;
  /** For png: the image that carries the embedding; plain grey by default. */
  readonly picture?: Uint8Array | undefined;
}

/** Writes an embedding for other programs, completely or not at all. The extension picks the container: .safetensors, or a PyTorch file
 *  (.pt, .ckpt, .bin); a PyTorch file carries no metadata. @throws EMBEDDING_UNSUPPORTED for a layout that cannot hold the embedding, OUTPUT_UNWRITABLE */
export async function writeEmbedding(file: string, word: LearnedEmbedding, options: WriteOptions): Promise<void> {
  await writeFileAtomically(file, await encodeEmbedding(file, word, options));
}

/** Whether a file is what writeEmbedding would write for this embedding, except for its metadata. */
export async function holdsEmbedding(file: string, word: LearnedEmbedding, options: WriteOptions): Promise<boolean> {
  const expected = await encodeEmbedding(file, { ...word, metadata: {} }, options);
  const found = await readEarlierFile(file);
  return found !== undefined && Buffer.compare(withoutMetadata(found), expected) === 0;
}

function withoutMetadata(bytes: Uint8Array): Uint8Array {
  try {
    const { tensors } = parseSafetensors(bytes);
    return writeSafetensors({
      tensors: new Map([...tensors].map(([name, entry]) => [name, readTensor(bytes, entry)])),
      metadata: {},
    });
  } catch {
    return bytes;
  }
}

/** The bytes that writeEmbedding writes. */
export async function encodeEmbedding(
  file: string,
  word: LearnedEmbedding,
  options: WriteOptions,
): Promise<Uint8Array> {
  const { name, ext } = path.parse(file);
  const tables = word.vectors.map((table) => inPrecision(table, options.precision));
  const inFile = { ...word, token: word.token ?? name, vectors: tables };
  checkExtension(options.layout, ext.toLowerCase(), file);
  if (word.layers && options.layout !== "kohya") throw onlyWithoutLayers(options.layout);
  switch (options.layout) {
    case "kohya":
      return container(ext, name, word.layers ? layerTables(tables, word.layers) : namedTables(tables), word.metadata);
    case "invoke":
      return container(ext, name, namedTables(tables), {});
    case "diffusers":
      return container(ext, name, diffusersTables(inFile), { format: "pt" });
    case "a1111":
      return writeTorchFile(webUiDict(inFile, name), name);
    case "png":
      return withEmbedding(options.picture ?? (await plainPicture()), inFile, name);
  }
}

const extensions: Readonly<Record<WrittenLayout, readonly string[]>> = {
  kohya: [".safetensors", ".pt", ".ckpt", ".bin"],
  invoke: [".safetensors", ".pt", ".bin"],
  diffusers: [".safetensors", ".bin", ".pt"],
  a1111: [".pt", ".bin"],
  png: [".png"],
};

function checkExtension(layout: WrittenLayout, extension: string, file: string): void {
  if (extensions[layout].includes(extension)) return;
  throw new CoinageError(
    "EMBEDDING_UNSUPPORTED",
    `The layout "${layout}" is not written as ${extension || "a file without extension"}.`,
    {
      where: file,
      hint: `Name the file ${extensions[layout].map((known) => `NAME${known}`).join(" or ")}.`,
    },
  );
}

function container(
  extension: string,
  stem: string,
  tables: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  if (extension.toLowerCase() === ".safetensors")
    return writeSafetensors({ tensors: new Map(Object.entries(tables)), metadata });
  return writeTorchFile(tables, stem);
}

/** sd-scripts' names; every program uses those for SDXL. */
function namedTables(tables: readonly NdArray[]): Record<string, NdArray> {
  const [first, second] = tables as [NdArray, NdArray?];
  return second ? { clip_l: first, clip_g: second } : { emb_params: first };
}

/** One table per layer, under the layer's name (XTI). */
function layerTables(tables: readonly NdArray[], layers: readonly string[]): Record<string, NdArray> {
  const { shape, data, ...rest } = onlyTable(tables);
  const [rows, width] = shape as [number, number];
  const count = rows / layers.length;
  const table = (layer: number) => data.slice(layer * count * width, (layer + 1) * count * width);
  return Object.fromEntries(
    layers.map((name, layer) => [name, { ...rest, shape: [count, width], data: table(layer) }]),
  );
}

function onlyWithoutLayers(layout: WrittenLayout): CoinageError {
  return new CoinageError(
    "EMBEDDING_UNSUPPORTED",
    `The layout "${layout}" cannot hold vectors for each layer of the U-Net (XTI, P+).`,
    { hint: "Only sd-scripts' own layout can: --to kohya." },
  );
}

/** One entry under the word; a single vector is written without its first axis. */
function diffusersTables({ vectors, token }: { vectors: readonly NdArray[]; token: string }): Record<string, NdArray> {
  const [table, second] = vectors as [NdArray, NdArray?];
  if (second) return namedTables(vectors);
  return { [token]: table.shape[0] === 1 ? { ...table, shape: table.shape.slice(1) } : table };
}

/** The web UI's dictionary. It has no SDXL layout of this kind. */
function webUiDict(word: Pick<LearnedEmbedding, "vectors" | "step">, name: string): Record<string, TorchInput> {
  return { ...webUiFields(word, name), string_to_param: { "*": onlyTable(word.vectors) } };
}

function webUiFields({ step }: Pick<LearnedEmbedding, "step">, name: string) {
  return {
    string_to_token: { "*": 265 },
    string_to_param: {},
    name,
    step: step ?? null,
    sd_checkpoint: null,
    sd_checkpoint_name: null,
  };
}

function onlyTable(vectors: readonly NdArray[]): NdArray {
  if (vectors.length === 1) return vectors[0]!;
  throw new CoinageError(
    "EMBEDDING_UNSUPPORTED",
    "The web UI's own layout holds one table; this word has two (SDXL).",
    {
      hint: "The web UI reads sd-scripts' layout: --to kohya, in a file NAME.safetensors.",
    },
  );
}

/** An image that carries the embedding as the web UI's images do: JSON in base64 in a text chunk. */
function withEmbedding(
  picture: Uint8Array,
  word: Pick<LearnedEmbedding, "vectors" | "step">,
  name: string,
): Uint8Array {
  const { shape, data } = inPrecision(onlyTable(word.vectors), "float");
  const [count, width] = shape as [number, number];
  const rows = Array.from({ length: count }, (_, row) =>
    Array.from(data.slice(row * width, (row + 1) * width), Number),
  );
  const json = { ...webUiFields(word, name), string_to_param: { "*": { TORCHTENSOR: rows } } };
  return withPngTexts(picture, [
    { keyword: embeddingKeyword, text: Buffer.from(JSON.stringify(json)).toString("base64") },
  ]);
}

function plainPicture(): Promise<Uint8Array> {
  const [width, height] = [128, 128];
  return encodePng({ width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(128) });
}

/** A table in the precision to save, rounded to nearest, ties to even; undefined keeps its own (float64 becomes float32). */
function inPrecision(table: NdArray, precision: SavePrecision | undefined): NdArray {
  if (precision === undefined) return table.dtype === "float64" ? toFloat32(table) : table;
  const wide = toFloat32(table);
  if (precision === "float") return wide;
  const round = precision === "fp16" ? float32ToFloat16 : float32ToBfloat16;
  return {
    dtype: precision === "fp16" ? "float16" : "bfloat16",
    shape: wide.shape,
    data: Uint16Array.from(wide.data, round),
  };
}
