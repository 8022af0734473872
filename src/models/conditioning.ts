import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { concat, type Dim, dim, input, multiplyDims, type Tensor } from "../graph/index.ts";
import { type ChunkJoining, clipText, joinChunks, pooledText } from "./clip-text.ts";
import type { DiffusionModel } from "./diffusion-model.ts";

/** Ids from here on belong to learned vectors. */
export const firstLearnedId = 49408;
const endOfText = 49407;

export interface ConditioningOptions {
  /** Texts at a time. */
  readonly batch: Dim;
  /** Chunks of 77 tokens each text has. */
  readonly chunks: number;
  readonly joining: ChunkJoining;
  /** Which hidden state from the end is used; unset: the last for SD, the one before for SDXL. */
  readonly clipSkip?: number | undefined;
  /** Whether learned vectors take part. */
  readonly hasLearned: boolean;
}

export interface Conditioning {
  /** Text states for the cross-attention: [B, T, D]. */
  readonly context: Tensor;
  /** SDXL: pooled text [B, P]. */
  readonly pooled: Tensor | undefined;
  /** Per text encoder, the rows looked up for every position: where gradients of learned vectors are asked. [n B, 77, width] */
  readonly tokenEmbeddings: readonly Tensor[];
}

/** @throws SETTINGS_CONFLICT for more layers left out than a text encoder has */
export function checkClipSkip({ textEncoders }: Pick<DiffusionModel, "textEncoders">, clipSkip = 1): void {
  const most = Math.min(...textEncoders.map(({ architecture }) => architecture.layers + 1));
  if (clipSkip <= most) return;
  throw new CoinageError("SETTINGS_CONFLICT", `The model's text encoder has no ${clipSkip} layers to go back.`, {
    where: "--clip_skip",
    hint: `Give at most ${most}; usual are 1 and 2.`,
  });
}

/** The text side of a model. Its inputs are those that textFeeds fills. */
export function conditioning(model: DiffusionModel, options: ConditioningOptions): Conditioning {
  const { batch, chunks, joining, clipSkip, hasLearned } = options;
  checkClipSkip(model, clipSkip);
  const isSdxl = model.family === "sdxl";
  const encoded = model.textEncoders.map(({ weights, architecture }, i) => {
    const texts = multiplyDims(chunks, batch);
    const { positions, width } = architecture;
    const vectors = dim("vectors");
    const states = clipText(weights, architecture, {
      tokenIds: input(inputName("tokenIds", i), "int64", [texts, positions]),
      ...(hasLearned && {
        learned: {
          rows: input(inputName("learnedRows", i), "float32", [vectors, width]),
          selection: input(inputName("learnedSelection", i), "float32", [texts, positions, vectors]),
        },
      }),
    });
    const skipped = states.hidden.at(-(clipSkip ?? (isSdxl ? 2 : 1)))!;
    const chosen = isSdxl ? skipped : states.finalNorm(skipped);
    return { states, sequence: joinChunks(chosen, chunks, joining) };
  });
  return {
    context: concat(
      encoded.map(({ sequence }) => sequence),
      2,
    ),
    pooled: isSdxl ? pooled(model, encoded.at(-1)!.states, options) : undefined,
    tokenEmbeddings: encoded.map(({ states }) => states.tokenEmbedding),
  };
}

function pooled(
  model: DiffusionModel,
  states: Parameters<typeof pooledText>[0],
  { batch, chunks }: ConditioningOptions,
): Tensor {
  const { weights, architecture, isProjectionTransposed } = model.textEncoders.at(-1)!;
  const selection = input("pooledSelection", "float32", [batch, 1, chunks * architecture.positions]);
  return pooledText(states, chunks, selection, weights.get("text_projection.weight"), isProjectionTransposed);
}

/** Token ids per text encoder: [texts][chunks][77]. */
export type TokenIds = readonly (readonly (readonly (readonly number[])[])[])[];

/** The feeds of a conditioning: ids of learned vectors become selections of rows. learnedRows: per text encoder [vectors, width]. */
export function textFeeds(
  model: DiffusionModel,
  tokenIds: TokenIds,
  learnedRows?: readonly NdArray<Float32Array>[],
): Record<string, NdArray> {
  const feeds: Record<string, NdArray> = {};
  tokenIds.forEach((texts, i) => {
    const ids = texts.flat(2);
    const shape = [texts.length * texts[0]!.length, texts[0]![0]!.length];
    const frozen = BigInt64Array.from(ids, (id) => (id < firstLearnedId ? BigInt(id) : 0n));
    feeds[inputName("tokenIds", i)] = { dtype: "int64", shape, data: frozen };
    const rows = learnedRows?.[i];
    if (!rows) return;
    feeds[inputName("learnedRows", i)] = rows;
    feeds[inputName("learnedSelection", i)] = selectionOf(ids, shape, rows.shape[0]!);
  });
  if (model.family === "sdxl") feeds.pooledSelection = pooledSelection(tokenIds.at(-1)!);
  return feeds;
}

function selectionOf(ids: readonly number[], shape: readonly number[], vectors: number): NdArray<Float32Array> {
  const data = new Float32Array(ids.length * vectors);
  ids.forEach((id, position) => {
    if (id >= firstLearnedId) data[position * vectors + (id - firstLearnedId)] = 1;
  });
  return { dtype: "float32", shape: [...shape, vectors], data };
}

/** Text is pooled at the first end-of-text token of the first chunk, or at its beginning when the chunk is full of text. */
function pooledSelection(texts: TokenIds[number]): NdArray<Float32Array> {
  const length = texts[0]!.length * texts[0]![0]!.length;
  const data = new Float32Array(texts.length * length);
  texts.forEach(([first], text) => {
    data[text * length + Math.max(0, first!.indexOf(endOfText))] = 1;
  });
  return { dtype: "float32", shape: [texts.length, 1, length], data };
}

function inputName(name: string, encoder: number): string {
  return encoder === 0 ? name : `${name}${encoder + 1}`;
}
