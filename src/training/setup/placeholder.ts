import { statSync } from "node:fs";
import { arrayOf, copyOf, type NdArray, type StoredArray, toFloat32 } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import { type Checkpoint, tokenBlocks, tokenRows, tokenTables, usualLength } from "../../checkpoint/index.ts";
import { readInitialVectors, type TargetModel } from "../../embedding/index.ts";
import { CoinageError, nearestName, plural } from "../../errors/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { plainVocabulary } from "../../pipeline/index.ts";
import {
  addLayeredPlaceholder,
  addPlaceholder,
  initialVectors,
  plainWords,
  type Tokenizer,
} from "../../tokenizer/index.ts";

/** The placeholder tokens, in every tokenizer, with their initial embeddings. */
export interface PreparedPlaceholder {
  /** One per text encoder, with the tokens added. */
  readonly tokenizers: readonly Tokenizer[];
  /** The tokens as in captions: mycat, mycat1, ... */
  readonly tokens: readonly string[];
  /** Their ids, from 49408 on. */
  readonly ids: readonly number[];
  /** P+ (XTI): the U-Net's layers that have their own embeddings, in order of execution. */
  readonly layers: readonly string[] | undefined;
  /** Start values [vectors, width] per text encoder; with layers [layers x vectors, width], layer after layer. */
  readonly initialEmbeddings: readonly NdArray<Float32Array>[];
  /** Statistics of the ordinary tokens' embeddings, per text encoder. */
  readonly vocabularies: readonly VocabularyStatistics[];
  readonly warnings: readonly string[];
}

/** The --init_word that stands for a word to be found.
 *  differs from sd-scripts: with --init_word auto, vectors start from those of the word "auto".
 *  coinage: with --init_word auto, vectors start from a word that is found by trying; --init_word Auto is the word.
 *  because: which word explains the images best can be measured. */
export const autoInitWord = "auto";

/** Adds the placeholder tokens to the tokenizers and takes their start values from a state, else --weights, else the init word, else the mean of all tokens.
 *  @throws STATE_MISMATCH, TOKEN_EXISTS, TOKEN_EMPTY, INIT_WORD_EMPTY, INIT_WORD_UNKNOWN; for --weights, as readInitialVectors */
export async function preparePlaceholder(
  checkpoint: Checkpoint,
  target: TargetModel,
  settings: TrainSettings,
  saved?: readonly NdArray<Float32Array>[],
): Promise<PreparedPlaceholder> {
  const { tokenString, numVectorsPerToken } = settings;
  const { initWord: given, weights } = saved ? {} : settings;
  // the word is found later
  const initWord = given === autoInitWord ? undefined : given;
  const { layers } = target;
  if (saved) checkSaved(saved, target, settings);
  const merges = await clipMerges();
  const plain = plainVocabulary(checkpoint.family.value, merges).tokenizers;
  const added = plain.map((tokenizer) =>
    layers
      ? addLayeredPlaceholder(tokenizer, tokenString, numVectorsPerToken, layers, "--token_string")
      : addPlaceholder(tokenizer, tokenString, numVectorsPerToken, "--token_string"),
  );
  const initial = initWord === undefined ? undefined : initialVectors(plain[0]!, initWord, numVectorsPerToken);
  const file = weights === undefined ? undefined : await readInitialVectors(weights, target, numVectorsPerToken);
  const warnings = [...(file?.warnings ?? [])];
  if (initial?.isUneven && settings.recipe !== undefined && !/\s/.test(initWord!.trim()))
    throw unknownWord(initWord!, initial.initIds.length, merges);
  if (initial?.isUneven)
    warnings.push(
      `The init word "${initWord}" has ${plural(initial.initIds.length, "token")} for ${plural(numVectorsPerToken, "vector")}: tokens are repeated or cut off.`,
    );
  const tables = tokenTables(checkpoint);
  const vocabularies = tables.map(vocabularyOf);
  const initialEmbeddings =
    saved?.map(copyOf) ??
    tables.map((table, i) => {
      const rows = file?.vectors[i];
      if (rows) return copyOf(toFloat32(rows));
      const start = initial ? tokenRows(table, initial.ids) : meanRows(vocabularies[i]!, numVectorsPerToken);
      return layers ? repeatedForLayers(start, layers.length) : start;
    });
  const { tokens, ids } = added[0]!.placeholder;
  const tokenizers = added.map(({ tokenizer }) => tokenizer);
  return { tokenizers, tokens, ids, layers, initialEmbeddings, vocabularies, warnings };
}

/** With a recipe, an init word of several tokens is an error: recipes are for people who know nothing of tokens, and the tokens may mean something else. */
function unknownWord(word: string, pieces: number, merges: string): CoinageError {
  const near = nearestName(word, plainWords(merges).values());
  const spelling = near === undefined ? "" : ` Did you mean ${near}?`;
  return new CoinageError(
    "INIT_WORD_UNKNOWN",
    `The model does not know "${word}" as one word, but as ${pieces} pieces of words, which mean other things.`,
    {
      where: `--init_word ${word}`,
      hint: `Give a more general word that it knows, such as dog for a rare breed, or --init_word auto.${spelling} To start from the pieces, add --num_vectors_per_token ${pieces}.`,
    },
  );
}

/** Whether the model had a token before the placeholder tokens were added. */
export function isOfVocabulary(token: string, { tokenizers }: Pick<PreparedPlaceholder, "tokenizers">): boolean {
  return (tokenizers[0]!.idOf(token) ?? firstPlaceholderId) < firstPlaceholderId;
}

/** For each embedding, the mean norm of ordinary tokens' embeddings in its text encoder. */
export function usualNorms({
  initialEmbeddings,
  vocabularies,
}: Pick<PreparedPlaceholder, "initialEmbeddings" | "vocabularies">): number[] {
  return initialEmbeddings.flatMap(({ shape }, encoder) =>
    Array<number>(shape[0]!).fill(vocabularies[encoder]!.meanNorm),
  );
}

/** The template that replaces captions. */
export function templateOf({
  useObjectTemplate,
  useStyleTemplate,
}: Pick<TrainSettings, "useObjectTemplate" | "useStyleTemplate">): "object" | "style" | undefined {
  if (useObjectTemplate) return "object";
  return useStyleTemplate ? "style" : undefined;
}

function checkSaved(
  embeddings: readonly NdArray[],
  { label, widths, layers = [""] }: TargetModel,
  { numVectorsPerToken, resume }: TrainSettings,
): void {
  const sizes = (shapes: readonly (readonly number[])[]) =>
    shapes.map(([count, width]) => `${count} of ${width} numbers`).join(" and ");
  const [stored, wanted] = [
    sizes(embeddings.map(({ shape }) => shape)),
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

/** Start values without an init word.
 *  differs from sd-scripts: without an init word, vectors start from the mean of all tokens plus noise of less than a ten-thousandth of their spread.
 *  coinage: without an init word, vectors start from the mean of all tokens.
 *  because: noise that small changes nothing that could be noticed, and what it is depends on the version of Transformers. */
function meanRows({ mean }: VocabularyStatistics, count: number): NdArray<Float32Array> {
  return arrayOf([count, mean.length], Array.from({ length: count }, () => mean).flat());
}

/** The same vectors for each layer.
 *  differs from sd-scripts: XTI training with several vectors starts them from the wrong tokens of the init word.
 *  coinage: XTI training starts the vectors of every layer from the tokens of the init word, in their order.
 *  because: sd-scripts counts the vectors as if those of all layers for one token were side by side, but stores them layer after layer. */
export function repeatedForLayers({ shape, data }: NdArray<Float32Array>, layers: number): NdArray<Float32Array> {
  const [count, width] = shape as [number, number];
  return arrayOf([layers * count, width], Array.from({ length: layers }, () => [...data]).flat());
}

/** Statistics of the embeddings of a model's ordinary tokens. */
export interface VocabularyStatistics {
  /** The mean vector. */
  readonly mean: readonly number[];
  /** Mean norm of a vector. */
  readonly meanNorm: number;
  /** Mean norm without vectors of almost zero norm: below a twentieth of the median. */
  readonly wordNorm: number;
  /** Sum of the squares of all their numbers. */
  readonly squares: number;
  /** Standard deviation of all their numbers. */
  readonly deviation: number;
}

/** Token tables already measured by this process: settings are checked again while somebody types. */
const measured = new Map<string, VocabularyStatistics>();
const mostMeasured = 8;

/** The statistics of a token table, cached until its file changes. */
function vocabularyOf(table: StoredArray): VocabularyStatistics {
  const { bytes } = table;
  if (bytes instanceof Uint8Array) return measureVocabulary(table);
  const { size, mtimeMs, ino } = statSync(bytes.file);
  const key = JSON.stringify([bytes.file, bytes.offset, size, mtimeMs, ino]);
  const statistics = measured.get(key) ?? measureVocabulary(table);
  measured.delete(key);
  measured.set(key, statistics);
  const [oldest] = measured.keys();
  if (measured.size > mostMeasured) measured.delete(oldest!);
  return statistics;
}

/** Measures a token table [tokens, width] in one pass, block by block: a table can be a hundred megabytes. */
function measureVocabulary(table: StoredArray): VocabularyStatistics {
  const [stored, width] = table.shape as readonly [number, number];
  const words = Math.min(stored, firstPlaceholderId);
  const sums = new Float64Array(width);
  const norms = new Float64Array(words);
  let squares = 0;
  for (const { first, rows } of tokenBlocks(table, words)) {
    const { data } = rows;
    for (let at = 0; at < data.length; at += width) {
      let rowSquares = 0;
      for (let i = 0; i < width; i++) {
        const value = data[at + i]!;
        sums[i]! += value;
        rowSquares += value * value;
      }
      norms[first + at / width] = Math.sqrt(rowSquares);
      squares += rowSquares;
    }
  }
  const all = words * width;
  const meanOfAll = sums.reduce((sum, value) => sum + value, 0) / all;
  return {
    mean: Array.from(sums, (sum) => sum / words),
    meanNorm: norms.reduce((sum, norm) => sum + norm, 0) / words,
    wordNorm: usualLength(norms),
    squares,
    deviation: Math.sqrt(squares / all - meanOfAll ** 2),
  };
}
