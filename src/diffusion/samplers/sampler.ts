import { addNoise, combine, inputScale, type NoiseLevel, type PredictionType } from "../noise-level.ts";
import type { NoiseSchedule } from "../noise-schedule.ts";

export interface SamplerSettings {
  readonly schedule: NoiseSchedule;
  /** Number of steps, 1 to 1000. Samplers of second order evaluate the network up to twice a step. */
  readonly steps: number;
  readonly predictionType: PredictionType;
  /** Added to the timesteps of ddim, pndm and ddpm. */
  readonly stepsOffset: number;
  /** Clamps the predicted original to -1..1 (ddim, heun, ddpm, lcm). */
  readonly clipSample: boolean;
}

/** One evaluation of the network that a sampler asks for. */
export interface NetworkCall {
  /** State before the call, unscaled. Whoever answers may repaint it in place first. */
  readonly latents: Float64Array;
  readonly level: NoiseLevel;
  /** Fractional for k-style samplers. */
  readonly timestep: number;
  /** 0 .. steps - 1. */
  readonly step: number;
}

export type Denoising = Generator<NetworkCall, Float64Array, ArrayLike<number>>;

/** A sampler's mathematics: where its steps lie and how it walks them. Each file beside this one makes one. */
export interface SamplerMethod {
  /** First timestep of each step. */
  readonly timesteps: readonly number[];
  /** Noise level of each step's beginning. */
  readonly levels: readonly NoiseLevel[];
  /** Standard deviation of pure noise as start. */
  readonly initNoiseSigma: number;
  /** Walks from the beginning of step `from` to the picture. `nextNoise` draws gaussian noise of the latents' size. */
  denoise(latents: Float64Array, from: number, nextNoise: () => ArrayLike<number>): Denoising;
}

export type SamplerFactory = (settings: SamplerSettings) => SamplerMethod;

/** What the caller of a sampler gets at each evaluation; it answers with the model output. */
export interface SamplerCall {
  /** Latents as the network expects them. */
  readonly modelInput: Float32Array;
  /** How much picture and noise the model input is made of. */
  readonly level: NoiseLevel;
  readonly timestep: number;
  readonly step: number;
  /** The state itself, for previews; in double precision and unscaled. */
  readonly latents: Float64Array;
}

/** Area to keep while the rest is repainted. All arrays have the latents' size. */
export interface KeptArea {
  /** 1 keeps the init latents, 0 repaints. */
  readonly mask: ArrayLike<number>;
  readonly initLatents: ArrayLike<number>;
  readonly noise: ArrayLike<number>;
}

export interface SampleOptions {
  /** Step to begin with (default 0): latents are at that step's noise level then. */
  readonly from?: number;
  /** Gaussian noise number `draw` = 0, 1, ... of this run. Needed by stochastic samplers only. */
  readonly noise?: (draw: number) => ArrayLike<number>;
  readonly keep?: KeptArea;
}

export interface Sampler {
  /** First timestep of each step. */
  readonly timesteps: readonly number[];
  /** Factor from standard normal noise to start latents. */
  readonly initNoiseSigma: number;
  /** A picture's latents at the noise level where `step` begins. */
  addNoise(original: ArrayLike<number>, noise: ArrayLike<number>, step: number): Float32Array;
  /** Timestep and step of every network call of a run, and how many noises it draws. */
  dryRun(from?: number): {
    readonly calls: readonly Pick<NetworkCall, "timestep" | "step" | "level">[];
    readonly noiseDraws: number;
  };
  /** Denoises. Yields each evaluation, takes its model output, returns the finished latents. */
  sample(latents: ArrayLike<number>, options?: SampleOptions): Generator<SamplerCall, Float32Array, ArrayLike<number>>;
}

/** A sampler as its callers see it, around a method. */
export function samplerOf(method: SamplerMethod): Sampler {
  return {
    timesteps: method.timesteps,
    initNoiseSigma: method.initNoiseSigma,
    addNoise: (original, noise, step) => Float32Array.from(addNoise(method.levels[step]!, original, noise)),
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

/** Puts the kept area back at the noise level of the call just answered: one level too noisy, as sd-scripts does it. */
function restore(latents: Float64Array, { mask, initLatents, noise }: KeptArea, level: NoiseLevel): void {
  const noisy = addNoise(level, initLatents, noise);
  for (let i = 0; i < latents.length; i++) latents[i] = noisy[i]! * mask[i]! + latents[i]! * (1 - mask[i]!);
}

/** Walks a method with empty latents: the same calls and draws, no arithmetic. */
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
