import { arrayOf, type NdArray, type StoredArray, toFloat32 } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import { type Checkpoint, type Component, readStoredArray, rowsOf } from "../../checkpoint/index.ts";
import { readInitialVectors, type TargetModel } from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";

import type { TrainSettings } from "../../options/index.ts";
import {
  addLayeredPlaceholder,
  addPlaceholder,
  createTokenizer,
  initialVectors,
  type Padding,
  type Tokenizer,
} from "../../tokenizer/index.ts";

/** The word being taught: its tokens in every tokenizer and the vectors it starts from. */
export interface TaughtWord {
  /** One per text encoder, with the word added. */
  readonly tokenizers: readonly Tokenizer[];
  /** As captions hold them: mycat, mycat1, ... */
  readonly tokens: readonly string[];
  /** Of the learned rows. */
  readonly ids: readonly number[];
  /** P+ (XTI): the U-Net's layers, in order of execution, each of which has all vectors of the word for itself. */
  readonly layers: readonly string[] | undefined;
  /** Start values [vectors, width] per text encoder; with layers [layers vectors, width], layer after layer. */
  readonly initialRows: readonly NdArray<Float32Array>[];
  /** The ordinary words' vectors, per text encoder. */
  readonly vocabularies: readonly Vocabulary[];
  readonly notices: readonly string[];
}

/** Adds the word to the tokenizers and gathers its start values: rows of a state, else --weights, else the init word, else the mean of all words.
 *  @throws STATE_MISMATCH, TOKEN_EXISTS, TOKEN_EMPTY, INIT_WORD_EMPTY; for --weights what readInitialVectors throws */
export async function prepareWord(
  checkpoint: Checkpoint,
  target: TargetModel,
  settings: TrainSettings,
  stateRows?: readonly NdArray<Float32Array>[],
): Promise<TaughtWord> {
  const { tokenString, numVectorsPerToken } = settings;
  const { initWord, weights } = stateRows ? {} : settings;
  const { layers } = target;
  if (stateRows) checkStateRows(stateRows, target, settings);
  const merges = await clipMerges();
  const plain = paddings(checkpoint).map((padding) => createTokenizer(merges, { padding }));
  const added = plain.map((tokenizer) =>
    layers
      ? addLayeredPlaceholder(tokenizer, tokenString, numVectorsPerToken, layers, "--token_string")
      : addPlaceholder(tokenizer, tokenString, numVectorsPerToken, "--token_string"),
  );
  const initial = initWord === undefined ? undefined : initialVectors(plain[0]!, initWord, numVectorsPerToken);
  const given = weights === undefined ? undefined : await readInitialVectors(weights, target, numVectorsPerToken);
  const notices = [...(given?.warnings ?? [])];
  if (initial?.isUneven)
    notices.push(
      `The init word "${initWord}" is ${initial.initIds.length} tokens for ${numVectorsPerToken} vectors: tokens are repeated or cut.`,
    );
  const tables = textComponents(checkpoint).map(tokenTable);
  const vocabularies = tables.map(measureVocabulary);
  const initialRows =
    stateRows?.map(copyOf) ??
    tables.map((table, i) => {
      const file = given?.vectors[i];
      if (file) return copyOf(toFloat32(file));
      const start = initial ? rowsOfIds(table, initial.ids) : meanRows(vocabularies[i]!, numVectorsPerToken);
      return layers ? repeated(start, layers.length) : start;
    });
  const { tokens, ids } = added[0]!.placeholder;
  const tokenizers = added.map(({ tokenizer }) => tokenizer);
  return { tokenizers, tokens, ids, layers, initialRows, vocabularies, notices };
}

/** Whether the model had a token before the word was taught. */
export function isOfVocabulary(token: string, { tokenizers }: Pick<TaughtWord, "tokenizers">): boolean {
  return (tokenizers[0]!.idOf(token) ?? firstPlaceholderId) < firstPlaceholderId;
}

/** The template that takes the place of captions. */
export function templateOf({
  useObjectTemplate,
  useStyleTemplate,
}: Pick<TrainSettings, "useObjectTemplate" | "useStyleTemplate">): "object" | "style" | undefined {
  if (useObjectTemplate) return "object";
  return useStyleTemplate ? "style" : undefined;
}

function checkStateRows(
  rows: readonly NdArray[],
  { label, widths, layers = [""] }: TargetModel,
  { numVectorsPerToken, resume }: TrainSettings,
): void {
  const sizes = (tables: readonly (readonly number[])[]) =>
    tables.map(([count, width]) => `${count} of ${width} numbers`).join(" and ");
  const [stored, wanted] = [
    sizes(rows.map(({ shape }) => shape)),
    sizes(widths.map((width) => [layers.length * numVectorsPerToken, width])),
  ];
  if (stored === wanted) return;
  throw new CoinageError(
    "STATE_MISMATCH",
    `The state's vectors are ${stored}; for this ${label} model they are ${wanted}.`,
    {
      where: `--resume ${resume}`,
      hint: "Resume with the model, the --num_vectors_per_token and, if it was there, the --xti that the state was made with.",
    },
  );
}

function textComponents({ textEncoder, textEncoder2 }: Checkpoint): Component[] {
  return textEncoder2 ? [textEncoder, textEncoder2] : [textEncoder];
}

/** How each family's tokenizers fill up a text. */
function paddings({ family }: Checkpoint): Padding[] {
  if (family.value === "sdxl") return ["eos", "zero"];
  return [family.value === "sd2" ? "bang" : "eos"];
}

function tokenTable({ tensors }: Component): StoredArray {
  return tensors.get("text_model.embeddings.token_embedding.weight")!;
}

function rowsOfIds(table: StoredArray, ids: readonly number[]): NdArray<Float32Array> {
  const rows = ids.flatMap((id) => [...toFloat32(readStoredArray(rowsOf(table, id, 1))).data]);
  return arrayOf([ids.length, table.shape[1]!], rows);
}

/** Without an init word sd-scripts starts from the mean of all words plus noise a ten-thousandth of their spread; the noise is left out. */
function meanRows({ mean }: Vocabulary, count: number): NdArray<Float32Array> {
  return arrayOf([count, mean.length], Array.from({ length: count }, () => mean).flat());
}

/** The same rows for each layer.
 *  differs from sd-scripts: it counts vectors as if the rows of one vector stood together, and so starts several vectors from the wrong tokens. */
function repeated({ shape, data }: NdArray<Float32Array>, layers: number): NdArray<Float32Array> {
  const [count, width] = shape as [number, number];
  return arrayOf([layers * count, width], Array.from({ length: layers }, () => [...data]).flat());
}

function copyOf(array: NdArray<Float32Array>): NdArray<Float32Array> {
  return { ...array, data: array.data.slice() };
}

/** What the vectors of a model's ordinary words are like. */
export interface Vocabulary {
  /** The mean vector. */
  readonly mean: readonly number[];
  /** Mean length of a vector. */
  readonly meanNorm: number;
  /** Sum of the squares of all their numbers. */
  readonly squares: number;
}

const rowsAtOnce = 4096;

/** Measures a token table [words, width] in one pass, some rows at a time: it may have a hundred megabytes. */
export function measureVocabulary(table: StoredArray): Vocabulary {
  const [stored, width] = table.shape as readonly [number, number];
  const words = Math.min(stored, firstPlaceholderId);
  const sums = new Float64Array(width);
  let [norms, squares] = [0, 0];
  for (let first = 0; first < words; first += rowsAtOnce) {
    const { data } = toFloat32(readStoredArray(rowsOf(table, first, Math.min(rowsAtOnce, words - first))));
    for (let at = 0; at < data.length; at += width) {
      let rowSquares = 0;
      for (let i = 0; i < width; i++) {
        const value = data[at + i]!;
        sums[i]! += value;
        rowSquares += value * value;
      }
      norms += Math.sqrt(rowSquares);
      squares += rowSquares;
    }
  }
  return { mean: Array.from(sums, (sum) => sum / words), meanNorm: norms / words, squares };
}
