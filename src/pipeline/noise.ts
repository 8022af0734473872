import { arrayOf, stack } from "../array/index.ts";
import { pyramidNoise, type Sampler } from "../diffusion/index.ts";
import { PythonRandom, TorchGenerator } from "../random/index.ts";
import type { ImageBatch, Sampling, StartNoise } from "./request.ts";

/** The random numbers of a batch, image after image: [B,4,h,w]. */
interface BatchNoise {
  /** Initial noise of text to image, with unit variance. */
  readonly initNoise: Float32Array;
  /** Noise of the sampler's draw number n. */
  readonly samplerNoise: (draw: number) => Float32Array;
  /** Noise added to init latents; empty without them. */
  readonly addedNoise: Float32Array;
  /** For each image, the noise that samples its init image's latents [4,h,w]; empty without init images. */
  readonly encodingNoise: readonly Float32Array[];
}

/** Draws the random numbers of a batch. dryRun: of the sampler, from its first step; shape: of one image's latents [4,h,w]. */
export function drawNoise(
  { images, sampling }: ImageBatch,
  dryRun: ReturnType<Sampler["dryRun"]>,
  shape: readonly number[],
  hasInitLatents: boolean,
): BatchNoise {
  const options = {
    ...{ shape, hasInitLatents, startNoise: sampling.startNoise },
    list: noiseList(sampling, dryRun),
    isStochastic: dryRun.noiseDraws > 0,
  };
  const noises = images.map(({ seed }) => drawImageNoise(seed, options));
  const inits = noises.flatMap(({ init }) => init ?? []);
  return {
    initNoise: joined(noises.map(({ initNoise }) => initNoise)),
    samplerNoise: (draw) => joined(noises.map(({ samplerNoise }) => samplerNoise(draw))),
    addedNoise: hasInitLatents ? joined(inits.map(({ addedNoise }) => addedNoise)) : new Float32Array(0),
    encodingNoise: inits.map(({ encodingNoise }) => encodingNoise),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return stack(parts.map((part) => arrayOf([part.length], part))).data;
}

/** The number of noises drawn in advance for a sampler, and which one its draw number n uses. */
interface NoiseList {
  readonly length: number;
  readonly indexOf: (draw: number) => number;
}

/** The list of noises. sd-scripts' generator script draws one noise per step, for dpm_2_a two of which only the second is used: it was written for an older library.
 *  Sample images draw noises on demand. */
export function noiseList(
  { compatibility, sampler, steps }: Pick<Sampling, "compatibility" | "sampler" | "steps">,
  dryRun: ReturnType<Sampler["dryRun"]>,
): NoiseList {
  if (compatibility === "preview") return { length: dryRun.noiseDraws, indexOf: (draw) => draw };
  if (sampler === "dpm_2_a" || sampler === "k_dpm_2_a") return { length: 2 * steps, indexOf: (draw) => 2 * draw + 1 };
  return { length: Math.max(steps, dryRun.noiseDraws), indexOf: (draw) => draw };
}

export interface NoiseOptions {
  /** Shape of one image's latents: [4,h,w]. */
  readonly shape: readonly number[];
  readonly list: NoiseList;
  /** Whether the sampler uses the list. */
  readonly isStochastic: boolean;
  readonly hasInitLatents: boolean;
  readonly startNoise?: StartNoise | undefined;
}

/** All random numbers of one image. They depend only on its seed and size, not on its batch.
 *  differs from sd-scripts: stochastic samplers and the VAE draw noise for the whole batch from the generator of the last image, because the pinned diffusers ignores the list of noises.
 *  coinage: every image uses the noises drawn from its own seed.
 *  because: an image is to be the same in every batch. */
interface ImageNoise {
  readonly initNoise: Float32Array;
  readonly samplerNoise: (draw: number) => Float32Array;
  /** Only with init latents. */
  readonly init?: { readonly addedNoise: Float32Array; readonly encodingNoise: Float32Array };
}

/** Draws in sd-scripts' order on torch's CPU generator: the noise to start from, the sampler's list, the init image's. */
export function drawImageNoise(seed: number, options: NoiseOptions): ImageNoise {
  const { shape, list, isStochastic, hasInitLatents, startNoise } = options;
  const torch = new TorchGenerator(seed);
  const randn = () => torch.randn(shape).data;
  const drawn = randn();
  const outputsPerDraw = torch.outputs;
  const initNoise = startNoise ? variedNoise(drawn, shape, startNoise, torch, seed) : drawn;
  const noises = isStochastic ? Array.from({ length: list.length }, randn) : [];
  if (!isStochastic && hasInitLatents) torch.skip(list.length * outputsPerDraw);
  return {
    initNoise,
    samplerNoise: (draw) => noises[list.indexOf(draw)]!,
    ...(hasInitLatents && { init: { addedNoise: randn(), encodingNoise: randn() } }),
  };
}

const pyramidLevels = 6;

/** differs from sd-scripts: whether an image gets pyramid noise or a noise offset is decided by a generator without a seed.
 *  coinage: the image's seed decides.
 *  because: an image is to be the same again with the same seed. */
function variedNoise(
  drawn: Float32Array,
  shape: readonly number[],
  { pyramid, offset }: StartNoise,
  torch: TorchGenerator,
  seed: number,
): Float32Array {
  const python = new PythonRandom(seed);
  const between = ([low, high]: readonly [number, number], share: number) => share * (high - low) + low;
  let varied = drawn;
  if (pyramid && python.random() < pyramid.probability) {
    const discount = between(pyramid.discountRange, torch.rand([1]).data[0]!);
    varied = pyramidNoise(varied, [1, ...shape], pyramidLevels, discount, { torch, python });
  }
  if (offset && python.random() < offset.probability) {
    const shift = between(offset.range, torch.randn([1]).data[0]!);
    varied = varied.map((value) => value + shift);
  }
  return varied;
}
