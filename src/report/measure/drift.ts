import { mean, type NdArray, type StoredArray } from "../../array/index.ts";
import { tokenRows } from "../../checkpoint/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type { Networks } from "../../networks/index.ts";
import { bosId, eosId, initialVectors, type Tokenizer } from "../../tokenizer/index.ts";
import type { Scene } from "../scene.ts";

/** A word's vectors: a table [vectors, width] for each text encoder. */
export type WordTables = readonly NdArray<Float32Array>[];

/** Inputs for measuring drift. */
export interface DriftContext {
  readonly networks: Pick<Networks, "encodeChunks">;
  /** Without learned words, one per text encoder. */
  readonly tokenizers: readonly Tokenizer[];
  readonly tokenTables: readonly StoredArray[];
  readonly clipSkip: number | undefined;
  readonly scene: Scene;
}

export interface Drift {
  readonly value: number;
  /** The same for real nouns in place of the word: their mean. */
  readonly reference: number;
  /** The known word that it was compared with. */
  readonly against: string;
  readonly prompts: number;
}

/** How far a word changes the text encoder's output for the words after it: mean of 1 - cosine between outputs with the word and with a known one,
 *  from the position after the word to the end of the text. layers: how many, for vectors per layer; each is then measured on fewer prompts.
 *  Source: CoRe (AAAI 2025), context regularisation, used as a measure. */
export async function measureDrift(word: WordTables, known: string, context: DriftContext, layers = 1): Promise<Drift> {
  const { scene } = context;
  const count = word[0]!.shape[0]! / layers;
  const prompts = scene.driftPrompts.slice(0, Math.max(2, Math.ceil(scene.driftPrompts.length / layers)));
  const nouns = scene.nouns.filter((noun) => noun !== known).slice(0, 2);
  const [start, ...others] = [known, ...nouns].map((text) => tablesOf(text, count, context));
  const states = await encode(prompts, start!, context);
  const drifts: number[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const inLayer = word.map((table) => slice(table, layer * count, count));
    drifts.push(changeOf(states, await encode(prompts, inLayer, context)));
  }
  const references: number[] = [];
  for (const noun of others) references.push(changeOf(states, await encode(prompts, noun, context)));
  return { value: mean(drifts), reference: mean(references), against: `“${known}”`, prompts: prompts.length };
}

/** The vectors of a known word, repeated or cut to `count`, like an init word's. */
function tablesOf(text: string, count: number, { tokenizers, tokenTables }: DriftContext): WordTables {
  return tokenizers.map((tokenizer, i) => tokenRows(tokenTables[i]!, initialVectors(tokenizer, text, count).ids));
}

interface EncodedPrompt {
  /** States from the position after the word to the end of the text, [positions, width]. */
  readonly after: Float32Array;
  readonly width: number;
}

/** Encodes prompts with a word of these vectors in place of "{}". */
async function encode(
  prompts: readonly string[],
  word: WordTables,
  { networks, tokenizers, clipSkip }: DriftContext,
): Promise<EncodedPrompt[]> {
  const count = word[0]!.shape[0]!;
  const ids = Array.from({ length: count }, (_, i) => firstPlaceholderId + i);
  const laidOut = tokenizers.map((tokenizer) =>
    prompts.map((prompt) => {
      const [before = [], after = []] = prompt.split("{}").map((part) => tokenizer.encode(part));
      return { tokens: [bosId, ...before, ...ids, ...after, eosId], first: 1 + before.length + count };
    }),
  );
  const chunks = laidOut.map((texts, i) =>
    texts.map(({ tokens }) => [...tokens, ...Array<number>(77 - tokens.length).fill(tokenizers[i]!.padId)]),
  );
  const { encoderHiddenStates } = await networks.encodeChunks(chunks, clipSkip, word);
  const [, length, width] = encoderHiddenStates.shape as readonly [number, number, number];
  return laidOut[0]!.map(({ tokens, first }, i) => ({
    after: encoderHiddenStates.data.subarray((i * length + first) * width, (i * length + tokens.length) * width),
    width,
  }));
}

function changeOf(before: readonly EncodedPrompt[], now: readonly EncodedPrompt[]): number {
  return mean(
    before.flatMap(({ after, width }, i) => {
      const other = now[i]!.after;
      return Array.from({ length: after.length / width }, (_, position) =>
        oneMinusCosine(after, other, position * width, width),
      );
    }),
  );
}

function oneMinusCosine(a: Float32Array, b: Float32Array, start: number, width: number): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = start; i < start + width; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return 1 - ab / Math.sqrt(aa * bb);
}

function slice({ shape, data }: NdArray<Float32Array>, first: number, count: number): NdArray<Float32Array> {
  const width = shape[1]!;
  return { dtype: "float32", shape: [count, width], data: data.slice(first * width, (first + count) * width) };
}
