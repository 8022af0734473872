import { arrayOf, type NdArray } from "../../array/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import type { Networks } from "../../networks/index.ts";
import type { Sampling } from "../request.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type Joining, type Layout, layOut } from "./layout.ts";
import { weightStates } from "./weighted-states.ts";

/** Texts as the U-Net reads them. */
export interface EncodedTexts {
  /** [texts, tokens, width]; with words that have vectors for each layer [texts x layers, tokens, width], a text's variants side by side */
  readonly context: NdArray<Float32Array>;
  /** SDXL: [texts, width]. Never weighted. */
  readonly pooled: NdArray<Float32Array> | undefined;
  /** Texts of which a part was cut. */
  readonly truncated: readonly string[];
}

export type TextOptions = Pick<Sampling, "flavour" | "maxEmbeddingsMultiples" | "clipSkip" | "weightNormalization">;

/** What encoding needs to know of a model. */
export type TextModel = Pick<DiffusionModel, "family" | "textEncoders">;

/** Encodes all texts of a batch, positive and negative, at once: they get equally many chunks.
 *  @throws PROMPT_WEIGHT_INVALID, RUNTIME */
export async function encodeTexts(
  texts: readonly string[],
  networks: Networks,
  vocabulary: Vocabulary,
  options: TextOptions,
): Promise<EncodedTexts> {
  const { model } = networks;
  const layout = layOut(texts, vocabulary, model.family, options);
  const variants = vocabulary.layerReplacements?.length ?? 1;
  const chunks = layout.texts[0]![0]!.chunks.length;
  const rows = vocabulary.rows?.[0]?.shape[0] ? vocabulary.rows : undefined;
  const allChunks = layout.texts.map((encoder) => encoder.flatMap((text) => text.chunks));
  const { context, pooled } = await networks.encodeChunks(allChunks, options.clipSkip, rows);
  const joined = join(context, chunks, layout.joining);
  weightTexts(joined, model, layout, options);
  return {
    context: joined,
    pooled: pooled && everyNthRow(pooled, chunks),
    truncated: texts.filter((_, i) => layout.texts.some((encoder) => encoder[i * variants]!.isTruncated)),
  };
}

/** [texts * chunks, 77, width] to [texts, tokens, width]. */
function join(states: NdArray<Float32Array>, chunks: number, joining: Joining): NdArray<Float32Array> {
  const [count, length, width] = states.shape as readonly [number, number, number];
  const texts = count / chunks;
  if (chunks === 1 || joining === "whole") return { ...states, shape: [texts, chunks * length, width] };
  const tokens = chunks * (length - 2) + 2;
  const data = new Float32Array(texts * tokens * width);
  let at = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    const first = chunk % chunks === 0 ? 0 : 1;
    const end = chunk % chunks === chunks - 1 ? length : length - 1;
    const kept = states.data.subarray((chunk * length + first) * width, (chunk * length + end) * width);
    data.set(kept, at);
    at += kept.length;
  }
  return arrayOf([texts, tokens, width], data);
}

function weightTexts(
  { shape, data }: NdArray<Float32Array>,
  { family, textEncoders }: TextModel,
  { texts }: Layout,
  { flavour, weightNormalization }: TextOptions,
): void {
  const normalization = flavour === "preview" && family === "sdxl" ? "none" : weightNormalization;
  const size = shape[1]! * shape[2]!;
  let start = 0;
  textEncoders.forEach(({ architecture: { width } }, encoder) => {
    texts[encoder]!.forEach(({ weights }, text) => {
      weightStates(data.subarray(text * size, (text + 1) * size), weights, { start, width }, normalization);
    });
    start += width;
  });
}

/** Of each text the row of its first chunk. */
function everyNthRow({ shape, data }: NdArray<Float32Array>, n: number): NdArray<Float32Array> {
  const [count, width] = shape as readonly [number, number];
  const rows = Array.from({ length: count / n }, (_, i) => data.subarray(i * n * width, (i * n + 1) * width));
  const kept = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    kept.set(row, i * width);
  });
  return arrayOf([rows.length, width], kept);
}
