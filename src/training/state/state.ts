import { z } from "zod";
import { arrayOf, type DType, type NdArray } from "../../array/index.ts";
import { checkSeal, digestOf, sealed, stateFormats } from "../../files/index.ts";
import { parseSafetensors, readTensor, writeSafetensors } from "../../formats/safetensors/index.ts";
import { type EvaluationState, evaluationArrays, evaluationFrom } from "../evaluation/history.ts";
import type { EmbeddingsState } from "../loop/embeddings.ts";
import type { GeneratorStates, ProgressState } from "../loop/progress.ts";
import type { CountedWarning } from "../warnings.ts";
import type { Environment, Plain, RunIdentity } from "./identity.ts";

/** Everything a run needs to resume as if it had never stopped. */
export interface TrainingState extends EmbeddingsState {
  readonly identity: RunIdentity;
  readonly environment: Environment;
  readonly progress: ProgressState;
  /** Seed of all random numbers; cached latents are drawn from it again. */
  readonly seed: number;
  readonly generators: GeneratorStates;
  /** Start values: [vectors, width] per text encoder. */
  readonly initialEmbeddings: readonly NdArray<Float32Array>[];
  /** Evaluations so far, if any. */
  readonly evaluation?: EvaluationState | undefined;
  readonly warnings: readonly CountedWarning[];
  /** The recipe of the run with its settings as words of a command line, including overridden ones. */
  readonly recipe: { readonly name: string; readonly flags: readonly string[] } | undefined;
  /** Id shared by a run and all runs that resume from its states; missing in states of earlier versions. */
  readonly runId: string | undefined;
  /** Digest of the final embedding file (no step or epoch in its name), as last written. */
  readonly finalFile: string | undefined;
  /** Digests of the written step and epoch saves that may have to be removed, by file name. */
  readonly prunableFiles: ReadonlyMap<string, string>;
  /** The run's course for its report; only with a report. */
  readonly history?: ReadonlyMap<string, NdArray> | undefined;
}

/** Files in a state's folder: readable JSON, and arrays for floating-point numbers, since JSON has no NaN. */
export const stateFiles = { json: "state.json", arrays: "arrays.safetensors" } as const;

const { sealed: format, unsealed: unsealedFormat } = stateFormats;

const twister = { words: z.array(z.int()), position: z.int() };
const torchGenerator = z.object({ ...twister, outputs: z.int(), cachedNormal: z.number().nullable() });
const plain: z.ZodType<Plain> = z.json();
const schema = z.object({
  format: z.enum([format, unsealedFormat]),
  step: z.int(),
  epochsDone: z.int(),
  epoch: z.int().nullable(),
  cooldown: z.object({ from: z.int(), lastStep: z.int(), reason: z.string() }).optional(),
  seed: z.number(),
  circumstances: z.object({
    program: z.string(),
    device: z.string(),
    threads: z.int(),
    gradientCheckpointing: z.boolean(),
    lowram: z.boolean().default(false),
    processor: z.string(),
    steps: z.int(),
    startedFrom: z.string(),
  }),
  identity: z.object({ model: plain, settings: plain, dataset: plain }),
  lossScale: z.object({ value: z.number(), finiteSteps: z.int() }).optional(),
  recipe: z.object({ name: z.string(), flags: z.array(z.string()) }).optional(),
  runId: z.string().optional(),
  finalFile: z.string().optional(),
  prunableFiles: z.array(z.tuple([z.string(), z.string()])).optional(),
  warnings: z.array(z.object({ key: z.string(), code: z.string(), message: z.string(), count: z.int() })),
  generators: z.object({
    torch: torchGenerator,
    python: z.object(twister),
    timesteps: torchGenerator.optional(),
  }),
});

/** The contents of the files in a state's folder. */
export function encodeState(state: TrainingState): Record<string, Uint8Array | string> {
  const { identity, environment, seed, generators, warnings, lossScale, recipe, runId, finalFile, prunableFiles } =
    state;
  const arrays = writeSafetensors({ tensors: arraysOf(state) });
  const { step, epochsDone, epoch, cooldown } = state.progress;
  const json: z.input<typeof schema> = {
    ...{ format, step, epochsDone, epoch: epoch?.number ?? null, cooldown, seed, identity },
    // names from earlier versions, kept for compatibility
    circumstances: environment,
    warnings: [...warnings],
    lossScale,
    recipe: recipe && { ...recipe, flags: [...recipe.flags] },
    runId,
    finalFile,
    prunableFiles: [...prunableFiles],
    generators: {
      torch: { ...generators.torch, words: [...generators.torch.words] },
      python: { ...generators.python, words: [...generators.python.words] },
      timesteps: generators.timesteps && { ...generators.timesteps, words: [...generators.timesteps.words] },
    },
  };
  return { [stateFiles.json]: jsonText(sealed(json, arrays)), [stateFiles.arrays]: arrays };
}

/** Indented JSON, with lists of numbers on one line. */
function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replace(/\[[\d,\s]+\]/g, (list) => list.replaceAll(/\s+/g, " "))}\n`;
}

function arraysOf({
  embeddings,
  initialEmbeddings,
  average,
  optimizer,
  progress,
  evaluation,
  history = new Map(),
}: TrainingState): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  for (const [table, values] of embeddings.entries()) arrays.set(`rows/${table}`, values);
  for (const [table, values] of initialEmbeddings.entries()) arrays.set(`initialRows/${table}`, values);
  for (const [table, values] of (average ?? []).entries()) arrays.set(`averageRows/${table}`, values);
  for (const [name, value] of Object.entries(optimizer.numbers))
    arrays.set(`optimizerNumbers/${name}`, float64([value]));
  for (const [name, data] of Object.entries(optimizer.arrays))
    arrays.set(`optimizer/${name}`, { dtype: dtypeOf(data), shape: [data.length], data });
  for (const [name, values] of history) arrays.set(`history/${name}`, values);
  if (progress.epoch) {
    const { order, losses } = progress.epoch;
    arrays.set("epoch/order", { dtype: "int32", shape: [order.length], data: Int32Array.from(order) });
    arrays.set("epoch/losses", float64(losses));
  }
  if (evaluation)
    for (const [name, values] of Object.entries(evaluationArrays(evaluation))) arrays.set(`evaluation/${name}`, values);
  return arrays;
}

function float64(values: readonly number[]): NdArray {
  return { dtype: "float64", shape: [values.length], data: Float64Array.from(values) };
}

function dtypeOf(data: Float32Array | Uint8Array): DType {
  return data instanceof Float32Array ? "float32" : "uint8";
}

const superseded = z.object({ runId: z.string().optional(), step: z.int(), arrays: z.string().optional() });

/** Whether nothing is lost if a state replaces the one with this JSON: that one is of the same run and not of a later step, or has the same arrays. */
export function isSuperseded(json: string, state: TrainingState): boolean {
  const { success, data } = superseded.safeParse(parsedJson(json));
  if (!success) return false;
  const isEarlier = data.runId !== undefined && data.runId === state.runId && data.step <= state.progress.step;
  return isEarlier || data.arrays === digestOf(writeSafetensors({ tensors: arraysOf(state) }));
}

/** The run id in a state's JSON; undefined if missing. */
export function runIdOf(json: string): string | undefined {
  return superseded.safeParse(parsedJson(json)).data?.runId;
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A state from the files of its folder. @throws an error of zod or JSON, SAFETENSORS_INVALID, or an Error naming what is missing */
export function decodeState(json: string, arrays: Uint8Array): TrainingState {
  const content = checkFormat(JSON.parse(json));
  const { step, epochsDone, epoch, cooldown, format: found, ...others } = schema.parse(content);
  const { circumstances: environment, ...rest } = others;
  if (found === format) checkSeal(content, arrays);
  const { tensors } = parseSafetensors(arrays);
  const named = (prefix: string): [string, NdArray][] =>
    [...tensors]
      .filter(([name]) => name.startsWith(`${prefix}/`))
      .map(([name, entry]) => [name.slice(prefix.length + 1), readTensor(arrays, entry)]);
  const epochArrays = new Map(named("epoch"));
  const evaluation = evaluationFrom(new Map(named("evaluation")));
  const tables = (prefix: string) => named(prefix).sort(([a], [b]) => Number(a) - Number(b));
  const rowsOf = (prefix: string) => tables(prefix).map(([, { shape, data }]) => arrayOf(shape, data as Float32Array));
  const [embeddings, initialEmbeddings, average] = [rowsOf("rows"), rowsOf("initialRows"), rowsOf("averageRows")];
  if (embeddings.length === 0 || embeddings.length !== initialEmbeddings.length)
    throw new Error("its vectors are missing");
  const historyArrays = named("history");
  const [order, losses] = [epochArrays.get("order"), epochArrays.get("losses")];
  if (epoch !== null && !(order && losses)) throw new Error("the order of its epoch is missing");
  return {
    ...rest,
    environment,
    recipe: rest.recipe,
    runId: rest.runId,
    finalFile: rest.finalFile,
    prunableFiles: new Map(rest.prunableFiles),
    progress: {
      step,
      epochsDone,
      cooldown,
      epoch:
        epoch === null
          ? undefined
          : { number: epoch, order: [...(order!.data as Int32Array)], losses: [...(losses!.data as Float64Array)] },
    },
    embeddings,
    initialEmbeddings,
    average: average.length > 0 ? average : undefined,
    ...(evaluation && { evaluation }),
    history: historyArrays.length > 0 ? new Map(historyArrays) : undefined,
    optimizer: {
      numbers: Object.fromEntries(named("optimizerNumbers").map(([name, { data }]) => [name, Number(data[0])])),
      arrays: Object.fromEntries(
        named("optimizer").map(([name, { data }]) => [name, data as Float32Array | Uint8Array]),
      ),
    },
  };
}

function checkFormat(json: unknown): { readonly [key: string]: unknown } {
  const content = typeof json === "object" ? { ...json } : {};
  const found = "format" in content ? content.format : undefined;
  if (found !== format && found !== unsealedFormat)
    throw new Error(`its format is ${JSON.stringify(found)}, not ${JSON.stringify(format)}`);
  return content;
}
