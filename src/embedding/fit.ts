import { elementCount, type NdArray } from "../array/index.ts";
import { CoinageError, plural } from "../errors/index.ts";
import { type LearnedEmbedding, type TargetModel, vectorCount } from "./learned-embedding.ts";
import { type EmbeddingFile, readEmbeddingFile } from "./read.ts";
import { readVectors, stackTables } from "./vectors.ts";

/** A file's learned embedding for a model: its tables in the order of the model's text encoders.
 *  @throws EMBEDDING_FAMILY, EMBEDDING_WIDTH naming both widths, EMBEDDING_UNSUPPORTED if only one of file and model has vectors for each layer,
 *  EMBEDDING_LAYERS if their layers differ */
export function embeddingForModel(file: EmbeddingFile, model: TargetModel): LearnedEmbedding {
  const { token, step, metadata } = file;
  const { layers } = model;
  const vectors = layers ? [layeredTable(file, layers, model)] : plainTables(file, model);
  for (const [i, table] of vectors.entries()) refuseOtherWidth(file, table, model, i);
  return { vectors, token, step, metadata, ...(layers && { layers }) };
}

/** Checks that vectors in memory fit a model. name: the embedding's, for messages.
 *  @throws EMBEDDING_FAMILY, EMBEDDING_WIDTH, EMBEDDING_LAYERS, and the errors of readVectors */
export function checkEmbedding(
  { name, vectors, layers = [] }: Pick<LearnedEmbedding, "vectors" | "layers"> & { readonly name: string },
  model: TargetModel,
): void {
  const path = `The embedding "${name}"`;
  const { label, widths } = model;
  if (vectors.length !== widths.length)
    throw new CoinageError(
      "EMBEDDING_FAMILY",
      `${path} has ${vectors.length} tables of vectors; ${label} takes ${widths.length}.`,
      {
        hint: "A table of vectors for each text encoder: one for Stable Diffusion 1 and 2, two for XL.",
      },
    );
  const counts = vectors.map((table, i) => {
    const { dtype, shape, data } = table;
    if (elementCount(shape) !== data.length)
      throw new CoinageError("SHAPE", `${path}: ${data.length} values do not fill the shape [${shape.join(", ")}].`);
    const checked = readVectors("vectors", [{ dtype, shape, read: () => table }], path);
    refuseOtherWidth({ path }, checked, model, i);
    return checked.shape[0]!;
  });
  if (counts.some((count) => count !== counts[0]))
    throw new CoinageError("EMBEDDING_SHAPE", `${path} has ${counts.join(" and ")} vectors; each table has as many.`);
  if (layers.join() !== (model.layers ?? []).join())
    throw new CoinageError(
      "EMBEDDING_LAYERS",
      `${path} has vectors for the layers ${layers.join(" ")}; those of this ${label} model are ${model.layers?.join(" ")}.`,
    );
}

/** A file's learned embedding for no particular model: to write it in another layout. */
export function embeddingOfFile(file: EmbeddingFile): LearnedEmbedding {
  const { token, step, metadata, tables, layout, path: where } = file;
  const about = { token, step, metadata };
  if (layout === "xti")
    return { ...about, vectors: [stackTables([...tables.values()], where)], layers: [...tables.keys()] };
  const pair = [tables.get("clip_l"), tables.get("clip_g")].filter((table) => table !== undefined);
  return { ...about, vectors: pair.length > 0 ? pair : [...tables.values()].slice(0, 1) };
}

/** The vectors of `--weights` to start training from. */
export interface InitialVectors {
  /** Per text encoder; undefined if the file has none, so that the init word is used. */
  readonly vectors: readonly (NdArray | undefined)[];
  readonly warnings: readonly string[];
}

/** Reads `--weights`: `count` vectors per text encoder to start from. Source: sd-scripts train_textual_inversion.py, TextualInversionTrainer.train and load_weights.
 *  @throws EMBEDDING_COUNT if the file has another number of vectors; the errors of readEmbeddingFile and embeddingForModel */
export async function readInitialVectors(path: string, model: TargetModel, count: number): Promise<InitialVectors> {
  const file = await readEmbeddingFile(path, model.widths.length === 1 ? "first" : "refuse");
  const { vectors, warnings } =
    model.widths.length === 2 && isHalf(file)
      ? half(file, model)
      : { vectors: embeddingForModel(file, model).vectors, warnings: [] };
  const found = vectorCount({ vectors: vectors.filter((table) => table !== undefined), layers: model.layers });
  if (found !== count)
    throw new CoinageError("EMBEDDING_COUNT", `${file.path} has ${plural(found, "vector")}, ${count} requested.`, {
      where: "--weights",
      hint: `Use --num_vectors_per_token ${found}, or another file.`,
    });
  return { vectors, warnings: [...file.warnings, ...warnings] };
}

function isHalf({ layout }: EmbeddingFile): boolean {
  return layout === "clip_l" || layout === "clip_g";
}

// differs from sd-scripts: --weights with an SDXL embedding that lacks clip_l or clip_g crashes.
// coinage: --weights with an SDXL embedding that lacks clip_l or clip_g trains the other text encoder from the init word.
// because: half an embedding is still a start.
function half(file: EmbeddingFile, model: TargetModel): InitialVectors {
  const tables = ["clip_l", "clip_g"].map((role) => file.tables.get(role));
  for (const [i, table] of tables.entries()) if (table) refuseOtherWidth(file, table, model, i);
  const missing = tables[0] ? "clip_g" : "clip_l";
  return {
    vectors: tables,
    warnings: [`${file.path} has no ${missing}; that text encoder starts from the init word.`],
  };
}

/** The tables of an embedding with layers, one below the other.
 *  differs from sd-scripts: --weights refuses every XTI file, because the check of the number of layers is wrong.
 *  coinage: --weights with an XTI file, .safetensors or PyTorch, takes each layer's vectors by the name of the layer.
 *  because: layers are stored by name. */
function layeredTable(file: EmbeddingFile, layers: readonly string[], { label }: TargetModel): NdArray {
  if (file.layout !== "xti")
    throw new CoinageError(
      "EMBEDDING_UNSUPPORTED",
      `${file.path} has no vectors for each layer of the U-Net (XTI, P+).`,
      {
        hint: "Use a file made by training with --xti.",
      },
    );
  const { tables } = file;
  const missing = layers.filter((layer) => !tables.has(layer));
  if (missing.length > 0 || tables.size !== layers.length)
    throw new CoinageError(
      "EMBEDDING_LAYERS",
      `${file.path} has vectors for the layers ${[...tables.keys()].join(" ")}; those of this ${label} model are ${layers.join(" ")}.`,
      { hint: "Use an embedding trained for a model with the same layers." },
    );
  return stackTables(
    layers.map((layer) => tables.get(layer)!),
    file.path,
  );
}

function plainTables(file: EmbeddingFile, model: TargetModel): NdArray[] {
  if (file.layout === "xti")
    throw new CoinageError(
      "EMBEDDING_UNSUPPORTED",
      `${file.path} has separate vectors for each layer of the U-Net (XTI, P+), which cannot be used here.`,
      { hint: "Generate images with it with --XTI_embeddings, or train from it with --xti." },
    );
  return model.widths.length === 1 ? [singleTable(file, model)] : tablePair(file, model);
}

function singleTable(file: EmbeddingFile, model: TargetModel): NdArray {
  if (file.tables.size > 1) throw wrongFamily(file, model, "is for Stable Diffusion XL (clip_l and clip_g)");
  const [table] = file.tables.values();
  return table!;
}

function tablePair(file: EmbeddingFile, model: TargetModel): NdArray[] {
  const clipL = file.tables.get("clip_l");
  const clipG = file.tables.get("clip_g");
  if (clipL && clipG) return [clipL, clipG];
  if (clipL || clipG) throw wrongFamily(file, model, `is half a pair: ${clipL ? "clip_g" : "clip_l"} is missing`);
  const [table] = file.tables.values();
  throw wrongFamily(file, model, `has one table of vectors ${table!.shape[1]} wide instead of clip_l and clip_g`);
}

function wrongFamily(file: EmbeddingFile, { label }: TargetModel, what: string): CoinageError {
  return new CoinageError("EMBEDDING_FAMILY", `${file.path} ${what}; the model is ${label}.`, {
    hint: `Use an embedding trained for ${label}.`,
  });
}

function refuseOtherWidth(
  file: Pick<EmbeddingFile, "path">,
  table: NdArray,
  { label, widths }: TargetModel,
  encoder: number,
): void {
  const [found, expected] = [table.shape[1]!, widths[encoder]!];
  if (found === expected) return;
  const encoderName = widths.length === 1 ? "text encoder" : `text encoder ${encoder + 1}`;
  throw new CoinageError(
    "EMBEDDING_WIDTH",
    `${file.path} has vectors of ${found} numbers; the ${encoderName} of ${label} takes ${expected}.`,
    { hint: `${familyOfWidth[found] ?? "It fits no known model."} Use an embedding trained for ${label}.` },
  );
}

const familyOfWidth: Readonly<Record<number, string>> = {
  768: "It is for Stable Diffusion 1, or half of one for XL.",
  1024: "It is for Stable Diffusion 2.",
  1280: "It is half of one for Stable Diffusion XL.",
};

const [widthL, widthG] = [768, 1280];

/** Why a file, if it is part of an embedding for Stable Diffusion XL, is not a whole one; undefined for other files. */
export function flawOfPair({ path, layout, tables }: EmbeddingFile): CoinageError | undefined {
  if (layout === "xti") return undefined;
  const clipL = tables.get("clip_l")?.shape[1];
  const clipG = tables.get("clip_g")?.shape[1];
  if (clipL !== undefined && clipG !== undefined) return wrongWidths(path, clipL, clipG);
  const [only] = [...tables.values()].map(({ shape }) => shape[1]!);
  // A width of 1024 is SD2, whatever the tensor's name.
  const isHalf = clipG !== undefined || (clipL !== undefined && clipL !== 1024) || only === widthG;
  if (!isHalf) return undefined;
  const [found, missing] = clipL === undefined ? ["clip_g", "clip_l"] : ["clip_l", "clip_g"];
  return new CoinageError(
    "EMBEDDING_FAMILY",
    `${path} is half of an embedding for Stable Diffusion XL: it holds ${found}, and ${missing} is missing.`,
    {
      hint: "Get the whole file. A program that makes one file for each text encoder needs both in one: clip_l and clip_g.",
    },
  );
}

/** Why a file fits no model; undefined if it fits one. Tiny test models have smaller vectors. */
export function flawOfWidth({ path, tables }: EmbeddingFile): CoinageError | undefined {
  const wide = [...tables.values()].map(({ shape }) => shape[1]!).find((width) => width > widthG);
  if (wide === undefined) return undefined;
  return new CoinageError(
    "EMBEDDING_WIDTH",
    `${path} has vectors of ${wide} numbers; no text encoder of Stable Diffusion 1, 2 or XL takes more than ${widthG}.`,
    { hint: "It is for a model of another kind." },
  );
}

/** Tiny test models have other widths. */
function wrongWidths(path: string, clipL: number, clipG: number): CoinageError | undefined {
  const isMeantForXl = [clipL, clipG].some((width) => width === widthL || width === widthG);
  if (!isMeantForXl || (clipL === widthL && clipG === widthG)) return undefined;
  const areSwapped = clipL === widthG && clipG === widthL;
  return new CoinageError(
    "EMBEDDING_WIDTH",
    `${path}: clip_l has vectors of ${clipL} numbers and clip_g of ${clipG}; for Stable Diffusion XL it is ${widthL} and ${widthG}.`,
    {
      hint: areSwapped ? "The two are swapped: exchange their names." : "No Stable Diffusion model takes such a pair.",
    },
  );
}
