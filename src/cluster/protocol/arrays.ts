import { z } from "zod";
import { arrayOf, bytesOf, elementCount, type NdArray, typedArrayOn } from "../../array/index.ts";
import type { Generators } from "../../diffusion/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import { PythonRandom, type PythonRandomState, TorchGenerator, type TorchGeneratorState } from "../../random/index.ts";

// Arrays and states of random generators in messages: little-endian bytes in base64.

// no pattern: decoding checks the number of bytes
const base64 = z.string();

/** Largest sizes in messages. */
export const limits = { rows: 75 * 16, width: 4096, encoders: 2, samples: 64, texts: 64 * 16, chunks: 3, ids: 4096 };

const size = (largest: number) => z.int().min(1).max(largest);

export const rowsSchema = z.object({ shape: z.tuple([size(limits.rows), size(limits.width)]), data: base64 });
export const tokenIdsSchema = z.object({
  shape: z.tuple([size(limits.texts), size(limits.chunks), size(77)]),
  data: base64,
});
const rowBlock = z.object({ ids: base64, rows: base64 });
/** Rows by ascending token id. single: those that float32 holds exactly, as for tokens that are used at one position; double: the others. */
export const gradientSchema = z.object({ width: size(limits.width), single: rowBlock, double: rowBlock });
export type EncodedGradient = z.infer<typeof gradientSchema>;
export const numbersSchema = base64;

/** Decodes numbers. @throws CLUSTER_PROTOCOL when there are not `count`, or not a whole number of them */
function numbersIn<Type extends "float32" | "float64" | "int32">(dtype: Type, text: string, count: number | undefined) {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  const each = dtype === "float64" ? 8 : 4;
  if (bytes.length % each !== 0 || (count !== undefined && bytes.length !== count * each))
    throw new CoinageError(
      "CLUSTER_PROTOCOL",
      `${bytes.length} bytes are not ${count ?? "a whole number of"} ${dtype} numbers.`,
    );
  return typedArrayOn(dtype, bytes) as Type extends "float32"
    ? Float32Array
    : Type extends "float64"
      ? Float64Array
      : Int32Array;
}

function textOf(array: Float32Array | Float64Array | Int32Array | Uint32Array): string {
  return Buffer.from(bytesOf(array)).toString("base64");
}

export function encodeRows({ shape, data }: NdArray<Float32Array>): z.infer<typeof rowsSchema> {
  return { shape: [shape[0]!, shape[1]!], data: textOf(data) };
}

export function decodeRows({ shape, data }: z.infer<typeof rowsSchema>): NdArray<Float32Array> {
  return arrayOf(shape, numbersIn("float32", data, elementCount(shape)));
}

export function encodeNumbers(values: readonly number[]): string {
  return textOf(Float64Array.from(values));
}

export function decodeNumbers(text: string, count?: number): number[] {
  return Array.from(numbersIn("float64", text, count));
}

/** ids: [texts][chunks][77]. */
export function encodeTokenIds(ids: readonly (readonly (readonly number[])[])[]): z.infer<typeof tokenIdsSchema> {
  const shape: [number, number, number] = [ids.length, ids[0]!.length, ids[0]![0]!.length];
  return { shape, data: textOf(Int32Array.from(ids.flat(2))) };
}

export function decodeTokenIds({ shape, data }: z.infer<typeof tokenIdsSchema>): number[][][] {
  const [texts, chunks, positions] = shape;
  const flat = Array.from(numbersIn("int32", data, elementCount(shape)));
  const at = (text: number, chunk: number) => (text * chunks + chunk) * positions;
  return Array.from({ length: texts }, (_, text) =>
    Array.from({ length: chunks }, (_, chunk) => flat.slice(at(text, chunk), at(text, chunk) + positions)),
  );
}

/** Encodes gradients by token id without rounding: they are sums in double precision. */
export function encodeGradient(gradient: ReadonlyMap<number, Float64Array>): EncodedGradient {
  const ids = [...gradient.keys()].sort((a, b) => a - b);
  const [singles, doubles] = [[] as number[], [] as number[]];
  for (const id of ids) (isSingle(gradient.get(id)!) ? singles : doubles).push(id);
  const block = <Rows extends Float32Array | Float64Array>(of: readonly number[], rows: Rows) => {
    for (const [i, id] of of.entries()) rows.set(gradient.get(id)!, i * width);
    return { ids: textOf(Int32Array.from(of)), rows: textOf(rows) };
  };
  const width = gradient.get(ids[0]!)!.length;
  return {
    width,
    single: block(singles, new Float32Array(singles.length * width)),
    double: block(doubles, new Float64Array(doubles.length * width)),
  };
}

/** Whether float32 holds all numbers exactly. */
function isSingle(values: Float64Array): boolean {
  for (const value of values) if (Math.fround(value) !== value) return false;
  return true;
}

/** The gradients at learned tokens alone; all of them if no learned token is used, or if any number is not finite, which the coordinator must see. */
export function learnedGradient(gradient: ReadonlyMap<number, Float64Array>): ReadonlyMap<number, Float64Array> {
  const learned = [...gradient].filter(([id]) => id >= firstPlaceholderId);
  const isSound = [...gradient.values()].every((row) => row.every(Number.isFinite));
  return learned.length > 0 && isSound ? new Map(learned) : gradient;
}

/** Decodes the gradients for a job's token ids, in the order in which its texts first use them: sums over all rows are computed in that order.
 *  texts: all token ids of the job; isLearned: whether those of learned tokens are enough. @throws CLUSTER_PROTOCOL for other ids */
export function decodeGradient(
  gradient: EncodedGradient,
  texts: readonly number[],
  isLearned: boolean,
): Map<number, Float64Array> {
  const rows = gradientRows(gradient);
  const used = [...new Set(texts)];
  const learned = isLearned ? used.filter((id) => id >= firstPlaceholderId) : [];
  const ids = learned.length === rows.size ? learned : used;
  if (rows.size !== ids.length || ids.some((id) => !rows.has(id)))
    throw new CoinageError("CLUSTER_PROTOCOL", "The gradients are not those of the job's tokens.");
  return new Map(ids.map((id) => [id, rows.get(id)!]));
}

/** Decodes rows by token id, whatever the ids. @throws CLUSTER_PROTOCOL for malformed ones */
export function gradientRows({ width, single, double }: EncodedGradient): Map<number, Float64Array> {
  const rows = new Map<number, Float64Array>();
  for (const [dtype, block] of [
    ["float32", single],
    ["float64", double],
  ] as const) {
    const ids = numbersIn("int32", block.ids, undefined);
    const values = new Float64Array(numbersIn(dtype, block.rows, ids.length * width));
    for (const [i, id] of ids.entries()) {
      if (i > 0 && id <= ids[i - 1]!)
        throw new CoinageError("CLUSTER_PROTOCOL", "The token ids are not in ascending order.");
      rows.set(id, values.subarray(i * width, (i + 1) * width));
    }
  }
  return rows;
}

const twister = { words: z.string().length(3328), position: z.int().min(0).max(624) };
export const generatorsSchema = z.object({
  torch: z.object({ ...twister, outputs: z.int().min(0), cachedNormal: z.number().nullable() }),
  /** For pyramid noise. */
  python: z.object(twister).optional(),
  /** For timesteps that are spread over a step. */
  timesteps: z.object({ ...twister, outputs: z.int().min(0), cachedNormal: z.number().nullable() }).optional(),
});

/** needs: which generators besides torch's the job draws from. */
export function encodeGenerators(
  { torch, python, timesteps }: Generators,
  needs: { readonly python: boolean; readonly timesteps: boolean },
): z.infer<typeof generatorsSchema> {
  const words = <State extends { readonly words: readonly number[] }>(state: State) => ({
    ...state,
    words: textOf(Uint32Array.from(state.words)),
  });
  return {
    torch: words(torch.state()),
    ...(needs.python && { python: words(python.state()) }),
    ...(needs.timesteps && { timesteps: words(timesteps.state()) }),
  };
}

/** Generators in the states that a job contains. Those that it does not need are seeded with 0. */
export function decodeGenerators({ torch, python, timesteps }: z.infer<typeof generatorsSchema>): Generators {
  const words = <State extends { readonly words: string }>(state: State) => ({
    ...state,
    words: Array.from(numbersIn("int32", state.words, 624), (word) => word >>> 0),
  });
  return {
    torch: TorchGenerator.fromState(words(torch) as TorchGeneratorState),
    python: python ? PythonRandom.fromState(words(python) as PythonRandomState) : new PythonRandom(0),
    timesteps: timesteps ? TorchGenerator.fromState(words(timesteps) as TorchGeneratorState) : new TorchGenerator(0),
  };
}
