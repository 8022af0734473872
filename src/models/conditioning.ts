import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { concat, type Dim, dim, input, multiplyDims, type Tensor } from "../graph/index.ts";
import { type ChunkJoining, type ClipOutputs, clipText, joinChunks, pooledText } from "./clip-text.ts";
import type { DiffusionModel } from "./diffusion-model.ts";

/** CLIP's end-of-text token, the last of its vocabulary. Equal to the tokenizer's eosId: neither room imports the other, so a test in src/pipeline compares them. */
const endOfText = 49407;

/** The first id of placeholder tokens, which stand for learned embeddings. */
export const firstPlaceholderId = endOfText + 1;

export interface ConditioningOptions {
  /** Texts per batch. */
  readonly batch: Dim;
  /** Chunks of 77 tokens per text. */
  readonly chunks: number;
  readonly joining: ChunkJoining;
  /** The hidden state to use, counted from the end; by default the last for SD, the penultimate for SDXL. */
  readonly clipSkip?: number | undefined;
  /** Whether texts may contain placeholder tokens. */
  readonly hasPlaceholders: boolean;
}

export interface Conditioning {
  /** Input of the cross-attention: [B, T, D]. */
  readonly encoderHiddenStates: Tensor;
  /** SDXL: pooled text [B, P]. */
  readonly pooled: Tensor | undefined;
  /** Per text encoder, the embedding of every position, where training takes the gradient: [chunks x B, 77, width]. */
  readonly tokenEmbeddings: readonly Tensor[];
}

/** @throws SETTINGS_CONFLICT if clipSkip exceeds the hidden states of a text encoder */
export function checkClipSkip({ textEncoders }: Pick<DiffusionModel, "textEncoders">, clipSkip = 1): void {
  const most = Math.min(...textEncoders.map(({ architecture }) => architecture.layers + 1));
  if (clipSkip <= most) return;
  throw new CoinageError(
    "SETTINGS_CONFLICT",
    `The text encoder of this model has fewer than ${clipSkip} hidden states.`,
    {
      where: "--clip_skip",
      hint: `Use at most ${most}; common values are 1 and 2.`,
    },
  );
}

/** The text side of a model: all its text encoders. textFeeds makes the feeds. */
export function conditioning(model: DiffusionModel, options: ConditioningOptions): Conditioning {
  const { batch, chunks, joining, clipSkip, hasPlaceholders } = options;
  checkClipSkip(model, clipSkip);
  const isSdxl = model.family === "sdxl";
  const encoded = model.textEncoders.map(({ weights, architecture }, i) => {
    const texts = multiplyDims(chunks, batch);
    const { positions, width } = architecture;
    const vectors = dim("vectors");
    const outputs = clipText(weights, architecture, {
      tokenIds: input(inputName("tokenIds", i), "int64", [texts, positions]),
      ...(hasPlaceholders && {
        learned: {
          embeddings: input(inputName("learnedEmbeddings", i), "float32", [vectors, width]),
          selection: input(inputName("learnedSelection", i), "float32", [texts, positions, vectors]),
        },
      }),
    });
    const skipped = outputs.hidden.at(-(clipSkip ?? (isSdxl ? 2 : 1)))!;
    const chosen = isSdxl ? skipped : outputs.finalNorm(skipped);
    return { outputs, joined: joinChunks(chosen, chunks, joining) };
  });
  return {
    encoderHiddenStates: concat(
      encoded.map(({ joined }) => joined),
      2,
    ),
    pooled: isSdxl ? pooled(model, encoded.at(-1)!.outputs, options) : undefined,
    tokenEmbeddings: encoded.map(({ outputs }) => outputs.tokenEmbedding),
  };
}

/** The last hidden state of every text encoder after its final norm, for texts of one chunk without placeholder tokens: [batch, 77, width]. textFeeds makes the feeds. */
export function lastHiddenStates({ textEncoders }: Pick<DiffusionModel, "textEncoders">, batch: Dim): Tensor[] {
  return textEncoders.map(({ weights, architecture }, i) => {
    const tokenIds = input(inputName("tokenIds", i), "int64", [batch, architecture.positions]);
    const { hidden, finalNorm } = clipText(weights, architecture, { tokenIds });
    return finalNorm(hidden.at(-1)!);
  });
}

function pooled(model: DiffusionModel, outputs: ClipOutputs, { batch, chunks }: ConditioningOptions): Tensor {
  const { weights, architecture, isProjectionTransposed } = model.textEncoders.at(-1)!;
  const selection = input("pooledSelection", "float32", [batch, 1, chunks * architecture.positions]);
  return pooledText(outputs, chunks, selection, weights.get("text_projection.weight"), isProjectionTransposed);
}

/** Token ids per text encoder: [texts][chunks][77]. */
export type TokenIds = readonly (readonly (readonly (readonly number[])[])[])[];

/** The feeds of a conditioning: placeholder tokens become a selection matrix. embeddings: per text encoder [vectors, width]. */
export function textFeeds(
  model: DiffusionModel,
  tokenIds: TokenIds,
  embeddings?: readonly NdArray<Float32Array>[],
): Record<string, NdArray> {
  const feeds: Record<string, NdArray> = {};
  tokenIds.forEach((texts, i) => {
    const ids = texts.flat(2);
    const shape = [texts.length * texts[0]!.length, texts[0]![0]!.length];
    const frozen = BigInt64Array.from(ids, (id) => (id < firstPlaceholderId ? BigInt(id) : 0n));
    feeds[inputName("tokenIds", i)] = { dtype: "int64", shape, data: frozen };
    const rows = embeddings?.[i];
    if (!rows) return;
    feeds[inputName("learnedEmbeddings", i)] = rows;
    feeds[inputName("learnedSelection", i)] = selectionOf(ids, shape, rows.shape[0]!);
  });
  if (model.family === "sdxl") feeds.pooledSelection = pooledSelection(tokenIds.at(-1)!);
  return feeds;
}

function selectionOf(ids: readonly number[], shape: readonly number[], vectors: number): NdArray<Float32Array> {
  const data = new Float32Array(ids.length * vectors);
  ids.forEach((id, position) => {
    if (id >= firstPlaceholderId) data[position * vectors + (id - firstPlaceholderId)] = 1;
  });
  return { dtype: "float32", shape: [...shape, vectors], data };
}

/** The position at which each text is pooled: its first end-of-text token in the first chunk, else its first token. */
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
