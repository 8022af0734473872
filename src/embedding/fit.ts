import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type LearnedWord, type TargetModel, vectorCount } from "./learned-word.ts";
import { type EmbeddingFile, readEmbeddingFile } from "./read.ts";

/** The learned word of a file for a model: its tables in the order of the model's text encoders.
 *  @throws EMBEDDING_FAMILY, EMBEDDING_WIDTH naming both widths, EMBEDDING_UNSUPPORTED for xti */
export function wordForModel(file: EmbeddingFile, model: TargetModel): LearnedWord {
  const { token, step, metadata } = file;
  const vectors = model.widths.length === 1 ? [singleTable(file, model)] : tablePair(file, model);
  for (const [i, table] of vectors.entries()) refuseOtherWidth(file, table, model, i);
  return { vectors, token, step, metadata };
}

/** The learned word of a file for no model in particular: to write it in another layout. @throws EMBEDDING_UNSUPPORTED for xti */
export function wordOfFile(file: EmbeddingFile): LearnedWord {
  const { token, step, metadata, tables } = file;
  const pair = [tables.get("clip_l"), tables.get("clip_g")].filter((table) => table !== undefined);
  return { vectors: pair.length > 0 ? pair : [onlyTable(file)], token, step, metadata };
}

/** readEmbeddingFile, then wordForModel. */
export async function loadLearnedWord(path: string, model: TargetModel): Promise<LearnedWord> {
  return wordForModel(await readEmbeddingFile(path), model);
}

/** What `--weights` gives to start training from. */
export interface InitialVectors {
  /** Per text encoder; undefined: the file has none for it, so the init word stays. */
  readonly vectors: readonly (NdArray | undefined)[];
  readonly warnings: readonly string[];
}

/** Reads `--weights`: `count` vectors per text encoder to replace the initial ones. Source: training-loop.md section 3.4.
 *  @throws EMBEDDING_COUNT when the file has another number of vectors; what readEmbeddingFile and wordForModel throw */
export async function readInitialVectors(path: string, model: TargetModel, count: number): Promise<InitialVectors> {
  const file = await readEmbeddingFile(path, model.widths.length === 1 ? "first" : "refuse");
  const { vectors, warnings } =
    model.widths.length === 2 && isHalf(file)
      ? half(file, model)
      : { vectors: wordForModel(file, model).vectors, warnings: [] };
  const found = vectorCount({ vectors: vectors.filter((table) => table !== undefined) });
  if (found !== count)
    throw new CoinageError("EMBEDDING_COUNT", `${file.path} has ${plural(found)}, ${count} requested.`, {
      where: "--weights",
      hint: `Use --num_vectors_per_token ${found}, or another file.`,
    });
  return { vectors, warnings: [...file.warnings, ...warnings] };
}

function isHalf({ layout }: EmbeddingFile): boolean {
  return layout === "clip_l" || layout === "clip_g";
}

// differs from sd-scripts: with one half only it crashes later; here the other encoder starts from the init word.
function half(file: EmbeddingFile, model: TargetModel): InitialVectors {
  const tables = ["clip_l", "clip_g"].map((role) => file.tables.get(role));
  for (const [i, table] of tables.entries()) if (table) refuseOtherWidth(file, table, model, i);
  const missing = tables[0] ? "clip_g" : "clip_l";
  return {
    vectors: tables,
    warnings: [`${file.path} has no ${missing}; that text encoder starts from the init word.`],
  };
}

function singleTable(file: EmbeddingFile, model: TargetModel): NdArray {
  if (file.layout !== "xti" && file.tables.size > 1)
    throw wrongFamily(file, model, "is for Stable Diffusion XL (clip_l and clip_g)");
  return onlyTable(file);
}

function onlyTable(file: EmbeddingFile): NdArray {
  const [table] = file.tables.values();
  if (file.layout === "xti")
    throw new CoinageError(
      "EMBEDDING_UNSUPPORTED",
      `${file.path} has vectors of its own for each layer of the U-Net (XTI, P+), which is not supported.`,
    );
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

function refuseOtherWidth(file: EmbeddingFile, table: NdArray, { label, widths }: TargetModel, encoder: number): void {
  const [found, expected] = [table.shape[1]!, widths[encoder]!];
  if (found === expected) return;
  const encoderName = widths.length === 1 ? "text encoder" : `text encoder ${encoder + 1}`;
  throw new CoinageError(
    "EMBEDDING_WIDTH",
    `${file.path} has vectors of ${found} numbers; the ${encoderName} of ${label} takes ${expected}.`,
    { hint: `${familyOfWidth[found] ?? "It fits no model known here."} Use an embedding trained for ${label}.` },
  );
}

const familyOfWidth: Readonly<Record<number, string>> = {
  768: "It is for Stable Diffusion 1, or half of one for XL.",
  1024: "It is for Stable Diffusion 2.",
  1280: "It is half of one for Stable Diffusion XL.",
};

function plural(count: number): string {
  return count === 1 ? "1 vector" : `${count} vectors`;
}
