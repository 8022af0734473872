import { pyramidNoise, type Sampler } from "../diffusion/index.ts";
import { PythonRandom, TorchGenerator } from "../random/index.ts";
import type { Sampling, StartNoise } from "./request.ts";

/** How many noises are drawn for a run of a sampler beforehand, and which one its draw number n takes. */
export interface NoiseList {
  readonly length: number;
  readonly indexOf: (draw: number) => number;
}

/** sd-scripts' generator draws one noise a step, for dpm_2_a two of which only the second is used: its list was made for an older library.
 *  Previews draw noises as they are needed. */
export function noiseList(
  { flavour, sampler, steps }: Pick<Sampling, "flavour" | "sampler" | "steps">,
  rehearsal: ReturnType<Sampler["rehearse"]>,
): NoiseList {
  if (flavour === "preview") return { length: rehearsal.noiseDraws, indexOf: (draw) => draw };
  if (sampler === "dpm_2_a" || sampler === "k_dpm_2_a") return { length: 2 * steps, indexOf: (draw) => 2 * draw + 1 };
  return { length: Math.max(steps, rehearsal.noiseDraws), indexOf: (draw) => draw };
}

export interface NoiseOptions {
  /** Of one picture's latents: [4, h, w]. */
  readonly shape: readonly number[];
  readonly list: NoiseList;
  /** Whether the sampler uses the list at all. */
  readonly isStochastic: boolean;
  readonly startsFromPicture: boolean;
  readonly startNoise?: StartNoise | undefined;
}

/** All random numbers of one picture: they depend on its seed and size alone, not on the batch it is drawn in.
 *  differs from sd-scripts: there, with the library it is pinned to, stochastic samplers and the VAE draw for the whole batch from what the
 *  last picture's draws left of the generator; here every picture uses the noises drawn for it, as was meant. */
export interface PictureNoise {
  readonly start: Float32Array;
  /** Noise of the sampler's draw number n. */
  readonly sampler: (draw: number) => Float32Array;
  /** Noise that hides the picture started from, and that of its encoding. */
  readonly source?: { readonly added: Float32Array; readonly posterior: Float32Array };
}

/** Draws in sd-scripts' order on torch's CPU generator: start, the sampler's list, the source's. */
export function drawPictureNoise(seed: number, options: NoiseOptions): PictureNoise {
  const { shape, list, isStochastic, startsFromPicture, startNoise } = options;
  const torch = new TorchGenerator(seed);
  const randn = () => torch.randn(shape).data;
  const drawn = randn();
  const outputsPerDraw = torch.outputs;
  const start = startNoise ? variedStart(drawn, shape, startNoise, torch, seed) : drawn;
  const noises = isStochastic ? Array.from({ length: list.length }, randn) : [];
  if (!isStochastic && startsFromPicture) torch.skip(list.length * outputsPerDraw);
  return {
    start,
    sampler: (draw) => noises[list.indexOf(draw)]!,
    ...(startsFromPicture && { source: { added: randn(), posterior: randn() } }),
  };
}

const pyramidLevels = 6;

/** differs from sd-scripts: it decides by a generator without a seed; here the picture's seed decides, so that pictures can be drawn again. */
function variedStart(
  start: Float32Array,
  shape: readonly number[],
  { pyramid, offset }: StartNoise,
  torch: TorchGenerator,
  seed: number,
): Float32Array {
  const python = new PythonRandom(seed);
  const between = ([low, high]: readonly [number, number], share: number) => share * (high - low) + low;
  let varied = start;
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
