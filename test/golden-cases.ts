import { arrayOf, type NdArray } from "../src/array/index.ts";
import { dim, input, type Tensor } from "../src/graph/index.ts";
import {
  conditioning,
  type DiffusionModel,
  type TokenIds,
  textFeeds,
  unet,
  vaeDecoder,
  vaeEncoder,
} from "../src/models/index.ts";
import type { Runtime } from "../src/runtime/index.ts";
import { float32, largestDifference } from "./goldens.ts";

/** A recorded case of a golden model. */
export interface ModelCase {
  readonly name: string;
  readonly type: "text" | "unet" | "vae_encode" | "vae_decode";
  readonly stages?: Readonly<Record<string, string>>;
  readonly token_ids: TokenIds;
  readonly clip_skip: number | null;
  readonly learned_rows?: readonly string[];
  readonly context: string;
  readonly pooled?: string;
  readonly layers?: readonly { readonly hidden: string; readonly last: string }[];
  readonly latents: string;
  readonly timesteps: readonly number[];
  readonly sizes?: readonly (readonly number[])[];
  readonly output: string;
  readonly image: string;
  readonly mean: string;
  readonly logvar: string;
  readonly pixels: string;
}

const textTolerance = 2e-5;
const networkTolerance = 1e-4;

/** Runs a case and returns, for each of its outputs, the largest absolute difference from the record and its tolerance. */
export async function runCase(
  runtime: Runtime,
  model: DiffusionModel,
  entry: ModelCase,
  tensors: Tensors,
): Promise<{ readonly name: string; readonly difference: number; readonly tolerance: number }[]> {
  const { outputs, feeds, expected, tolerance } = prepare(model, entry, tensors);
  const program = await runtime.load(outputs);
  const used = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!]));
  const results = await program.run(used);
  await program.close();
  return Object.entries(expected).map(([name, key]) => ({
    name,
    difference: largestDifference(results[name]!.data as Float32Array, float32(tensors, key).data),
    tolerance: name === "time_features" ? textTolerance : tolerance,
  }));
}

interface Prepared {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly feeds: Readonly<Record<string, NdArray>>;
  /** Golden tensor for each output. */
  readonly expected: Readonly<Record<string, string>>;
  readonly tolerance: number;
}

type Tensors = ReadonlyMap<string, NdArray>;

function prepare(model: DiffusionModel, entry: ModelCase, tensors: Tensors): Prepared {
  if (entry.type === "text") return prepareText(model, entry, tensors);
  if (entry.type === "unet") return prepareUNet(model, entry, tensors);
  return entry.type === "vae_encode" ? prepareEncode(model, entry, tensors) : prepareDecode(model, entry, tensors);
}

function prepareText(model: DiffusionModel, entry: ModelCase, tensors: Tensors): Prepared {
  const learnedRows = entry.learned_rows?.map((key) => float32(tensors, key));
  const { encoderHiddenStates, pooled } = conditioning(model, {
    batch: dim("batch"),
    chunks: entry.token_ids[0]![0]!.length,
    joining: "trimmed",
    clipSkip: entry.clip_skip ?? undefined,
    hasPlaceholders: learnedRows !== undefined,
  });
  return {
    outputs: { encoderHiddenStates, ...(pooled && { pooled }) },
    feeds: textFeeds(model, entry.token_ids, learnedRows),
    expected: { encoderHiddenStates: entry.context, ...(entry.pooled && { pooled: entry.pooled }) },
    tolerance: textTolerance,
  };
}

function prepareUNet(model: DiffusionModel, entry: ModelCase, tensors: Tensors): Prepared {
  const feeds: Record<string, NdArray> = {
    latents: float32(tensors, entry.latents),
    timesteps: arrayOf([entry.timesteps.length], entry.timesteps),
    encoderHiddenStates: float32(tensors, entry.context),
  };
  if (entry.pooled) feeds.pooled = float32(tensors, entry.pooled);
  if (entry.sizes) feeds.timeIds = arrayOf([entry.sizes.length, 6], entry.sizes.flat());
  const batch = dim("batch");
  const { architecture, weights } = model.unet;
  const { prediction, intermediates } = unet(weights, architecture, {
    latents: input("latents", "float32", [batch, architecture.inChannels, dim("height"), dim("width")]),
    timesteps: input("timesteps", "float32", [batch]),
    encoderHiddenStates: input("encoderHiddenStates", "float32", [
      batch,
      feeds.encoderHiddenStates!.shape[1]!,
      architecture.crossAttentionDim,
    ]),
    ...(architecture.addition && {
      pooled: input("pooled", "float32", [batch, architecture.addition.pooledDim]),
      timeIds: input("timeIds", "float32", [batch, 6]),
    }),
  });
  const watched = entry.stages ?? {};
  return {
    outputs: {
      output: prediction,
      ...Object.fromEntries(Object.keys(watched).map((name) => [name, intermediates[name]!])),
    },
    feeds,
    expected: { output: entry.output, ...watched },
    tolerance: networkTolerance,
  };
}

function prepareEncode(model: DiffusionModel, entry: ModelCase, tensors: Tensors): Prepared {
  const image = tensors.get(entry.image)!;
  const [height, width] = image.shape as readonly [number, number];
  const pictures = input("pictures", "float32", [dim("batch"), 3, dim("height"), dim("width")]);
  const { mean, logvar, intermediates } = vaeEncoder(model.vae.weights, model.vae.architecture, pictures);
  const planes = new Float32Array(3 * height * width);
  for (let i = 0; i < planes.length; i++)
    planes[(i % 3) * height * width + Math.floor(i / 3)] = Number(image.data[i]) / 127.5 - 1;
  const watched = entry.stages ?? {};
  return {
    outputs: { mean, logvar, ...Object.fromEntries(Object.keys(watched).map((name) => [name, intermediates[name]!])) },
    feeds: { pictures: arrayOf([1, 3, height, width], planes) },
    expected: { mean: entry.mean, logvar: entry.logvar, ...watched },
    tolerance: networkTolerance,
  };
}

function prepareDecode(model: DiffusionModel, entry: ModelCase, tensors: Tensors): Prepared {
  const latents = float32(tensors, entry.latents);
  const { weights, architecture } = model.vae;
  const shape = [dim("batch"), architecture.latentChannels, dim("height"), dim("width")];
  const { images, intermediates } = vaeDecoder(weights, architecture, input("latents", "float32", shape));
  const watched = entry.stages ?? {};
  return {
    outputs: {
      image: images,
      ...Object.fromEntries(Object.keys(watched).map((name) => [name, intermediates[name]!])),
    },
    feeds: { latents: { ...latents, data: latents.data.map((value) => value / architecture.scalingFactor) } },
    expected: { image: entry.image, ...watched },
    tolerance: networkTolerance,
  };
}
