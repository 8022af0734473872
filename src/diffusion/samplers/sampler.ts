import { addNoise, combine, inputScale, type NoiseLevel, type PredictionType } from "../noise-level.ts";
import type { NoiseSchedule } from "../noise-schedule.ts";

export interface SamplerSettings {
  readonly schedule: NoiseSchedule;
  /** Number of steps, 1 to 1000. Second-order samplers evaluate the network up to twice a step. */
  readonly steps: number;
  readonly predictionType: PredictionType;
  /** Added to the timesteps of ddim, pndm and ddpm. */
  readonly stepsOffset: number;
  /** Clamps the predicted original sample to -1..1 (ddim, heun, ddpm, lcm). */
  readonly clipSample: boolean;
}

/** A network evaluation that a sampler requests. */
interface NetworkCall {
  /** State before the call and before inputScale. The caller may repaint it in place before answering. */
  readonly latents: Float64Array;
  readonly level: NoiseLevel;
  /** Fractional for k-style samplers. */
  readonly timestep: number;
  /** 0 .. steps - 1. */
  readonly step: number;
}

export type Denoising = Generator<NetworkCall, Float64Array, ArrayLike<number>>;

/** A sampler's mathematics: where its steps are and how it takes them. The files beside this one implement it. */
export interface SamplerMethod {
  /** First timestep of each step. */
  readonly timesteps: readonly number[];
  /** Noise level at the start of each step. */
  readonly levels: readonly NoiseLevel[];
  /** Standard deviation of the initial noise. */
  readonly initNoiseSigma: number;
  /** Denoises from the start of step `from` to clean latents. `nextNoise` draws Gaussian noise of the latents' size. */
  denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising;
}

export type SamplerFactory = (settings: SamplerSettings) => SamplerMethod;

/** A network evaluation that a sampler requests of its caller; the answer is the model output. */
interface SamplerCall {
  /** Latents as the network expects them. */
  readonly modelInput: Float32Array;
  /** Noise level of the model input. */
  readonly level: NoiseLevel;
  readonly timestep: number;
  readonly step: number;
  /** The current latents, for previews; in double precision and before inputScale. */
  readonly latents: Float64Array;
}

/** The area to keep while the rest is inpainted. All arrays have the latents' size. */
export interface KeptArea {
  /** 1 keeps the initial latents, 0 inpaints. */
  readonly mask: ArrayLike<number>;
  readonly initLatents: ArrayLike<number>;
  readonly noise: ArrayLike<number>;
}

export interface SampleOptions {
  /** First step to run (default 0); the latents must be at its noise level. */
  readonly from?: number;
  /** Gaussian noise for draw 0, 1, ... of this run. Only stochastic samplers need it. */
  readonly noise?: (draw: number) => ArrayLike<number>;
  readonly keep?: KeptArea;
}

export interface Sampler {
  /** First timestep of each step. */
  readonly timesteps: readonly number[];
  /** Factor from standard normal noise to initial latents. */
  readonly initNoiseSigma: number;
  /** Adds the noise level at the start of `step` to an image's latents. */
  addNoise(initLatents: ArrayLike<number>, noise: ArrayLike<number>, step: number): Float32Array;
  /** All network calls of a run, and the number of noises it draws. */
  dryRun(from?: number): {
    readonly calls: readonly Pick<NetworkCall, "timestep" | "step" | "level">[];
    readonly noiseDraws: number;
  };
  /** Denoises. Yields each evaluation, receives the model output, returns the finished latents. */
  sample(latents: ArrayLike<number>, options?: SampleOptions): Generator<SamplerCall, Float32Array, ArrayLike<number>>;
}

/** The sampler for callers, made from its method. */
export function samplerOf(method: SamplerMethod): Sampler {
  return {
    timesteps: method.timesteps,
    initNoiseSigma: method.initNoiseSigma,
    addNoise: (initLatents, noise, step) => Float32Array.from(addNoise(method.levels[step]!, initLatents, noise)),
    dryRun: (from = 0) => dryRun(method, from),
    sample: (latents, options = {}) => sample(method, latents, options),
  };
}

function* sample(
  method: SamplerMethod,
  start: ArrayLike<number>,
  { from = 0, noise, keep }: SampleOptions,
): Generator<SamplerCall, Float32Array, ArrayLike<number>> {
  let draws = 0;
  const nextNoise = () => {
    if (!noise) throw new TypeError("This sampler is stochastic and needs noise.");
    return noise(draws++);
  };
  const denoising = method.denoise(Float64Array.from(start), from, nextNoise);
  let next = denoising.next();
  let level: NoiseLevel | undefined;
  while (!next.done) {
    const call = next.value;
    if (keep && level) restore(call.latents, keep, level);
    level = call.level;
    const { latents, timestep, step } = call;
    const scale = inputScale(level);
    const modelInput = Float32Array.from(combine([scale, latents]));
    const inputLevel = { alpha: level.alpha * scale, sigma: level.sigma * scale };
    next = denoising.next(yield { modelInput, level: inputLevel, timestep, step, latents });
  }
  if (keep && level) restore(next.value, keep, level);
  return Float32Array.from(next.value);
}

/** Restores the kept area at the noise level of the call just answered: one level too noisy, as in sd-scripts. */
function restore(latents: Float64Array, { mask, initLatents, noise }: KeptArea, level: NoiseLevel): void {
  const noisy = addNoise(level, initLatents, noise);
  for (let i = 0; i < latents.length; i++) latents[i] = noisy[i]! * mask[i]! + latents[i]! * (1 - mask[i]!);
}

/** Runs a method with empty latents: the same calls and draws, without arithmetic. */
function dryRun(method: SamplerMethod, from: number): ReturnType<Sampler["dryRun"]> {
  let noiseDraws = 0;
  const nothing = new Float64Array(0);
  const denoising = method.denoise(nothing, from, () => {
    noiseDraws++;
    return nothing;
  });
  const calls = [];
  for (let next = denoising.next(); !next.done; next = denoising.next(nothing)) {
    const { timestep, step, level } = next.value;
    calls.push({ timestep, step, level });
  }
  return { calls, noiseDraws };
}

/** Where to start denoising an existing image. */
export interface ImageToImageStart {
  /** Step whose noise level is added; absent if none is. */
  readonly noiseStep?: number;
  /** First step to run; the number of steps if there is nothing to do. */
  readonly from: number;
}

/** Where to start for a strength from 0 (keeps the image) to 1 (ignores it), as sd-scripts computes it: with an offset of 1, the noise is that of one step
 *  before the first. Source: sd-scripts `gen_img.py`, PipelineLike.__call__.
 *  differs from sd-scripts: image to image with a sampler of two evaluations a step begins at a wrong step, because the index into the longer list of timesteps counts evaluations.
 *  coinage: the strength counts steps with every sampler.
 *  because: a strength means the same share of the steps whatever the sampler. */
export function imageToImageStart(steps: number, strength: number, stepsOffset: number): ImageToImageStart {
  const count = Math.min(Math.floor(steps * strength) + stepsOffset, steps);
  // differs from sd-scripts: image to image with a strength too small for a single step adds the noise of the first step, because an index wraps around.
  // coinage: an image with such a strength stays free of noise.
  // because: a small strength should change little.
  if (count === 0) return { from: steps };
  return { noiseStep: steps - count, from: Math.max(steps - count + stepsOffset, 0) };
}
