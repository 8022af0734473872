import { arrayOf, type NdArray, type StoredArray, toFloat32 } from "../array/index.ts";
import { clipMerges } from "../assets/index.ts";
import { type Checkpoint, type Component, readStoredArray, rowsOf } from "../checkpoint/index.ts";
import { readInitialVectors, type TargetModel } from "../embedding/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { addWord, createTokenizer, initialVectors, type Padding, type Tokenizer } from "../tokenizer/index.ts";

/** The word being taught: its tokens in every tokenizer and the vectors it starts from. */
export interface TaughtWord {
  /** One per text encoder, with the word added. */
  readonly tokenizers: readonly Tokenizer[];
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  /** Start values [vectors, width] per text encoder. */
  readonly initialRows: readonly NdArray<Float32Array>[];
  readonly notices: readonly string[];
}

/** Adds the word to the tokenizers and gathers its start values: --weights, else the init word, else the mean of all words.
 *  @throws TOKEN_EXISTS, TOKEN_EMPTY, INIT_WORD_EMPTY; for --weights what readInitialVectors throws */
export async function prepareWord(
  checkpoint: Checkpoint,
  target: TargetModel,
  settings: TrainSettings,
): Promise<TaughtWord> {
  const { tokenString, numVectorsPerToken, initWord, weights } = settings;
  const merges = await clipMerges();
  const components = textComponents(checkpoint);
  const plain = paddings(checkpoint).map((padding) => createTokenizer(merges, { padding }));
  const added = plain.map((tokenizer) => addWord(tokenizer, tokenString, numVectorsPerToken, "--token_string"));
  const initial = initWord === undefined ? undefined : initialVectors(plain[0]!, initWord, numVectorsPerToken);
  const given = weights === undefined ? undefined : await readInitialVectors(weights, target, numVectorsPerToken);
  const notices = [...(given?.warnings ?? [])];
  if (initial?.isUneven)
    notices.push(
      `The init word "${initWord}" is ${initial.initIds.length} tokens for ${numVectorsPerToken} vectors: tokens are repeated or cut.`,
    );
  const initialRows = components.map((component, i) => {
    const file = given?.vectors[i];
    if (file) return copyOf(toFloat32(file));
    const table = tokenTable(component);
    return initial ? rowsOfIds(table, initial.ids) : meanRows(table, numVectorsPerToken);
  });
  const { tokens, ids } = added[0]!.word;
  return { tokenizers: added.map(({ tokenizer }) => tokenizer), tokens, ids, initialRows, notices };
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

const rowsAtOnce = 4096;

/** Without an init word sd-scripts starts from the mean of all words plus noise a ten-thousandth of their spread; the noise is left out. */
function meanRows(table: StoredArray, count: number): NdArray<Float32Array> {
  const [rows, width] = table.shape as readonly [number, number];
  const sums = new Float64Array(width);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const { data } = toFloat32(readStoredArray(rowsOf(table, first, Math.min(rowsAtOnce, rows - first))));
    for (let i = 0; i < data.length; i++) sums[i % width]! += data[i]!;
  }
  const mean = Array.from(sums, (sum) => sum / rows);
  return arrayOf([count, width], Array.from({ length: count }, () => mean).flat());
}

function copyOf(array: NdArray<Float32Array>): NdArray<Float32Array> {
  return { ...array, data: array.data.slice() };
}
