import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  type NdArray,
} from "../array/index.ts";
import type { NoiseLevel } from "./noise-level.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";

/** Adds noise to latents: sqrt(abar_t) x0 + sqrt(1 - abar_t) noise. latents, noise: [B,...]; timesteps: [B] in 0..999.
 *  Source: DDPM (Ho 2020) eq. 4. */
export function noisyLatents(
  latents: NdArray<Float32Array>,
  noise: NdArray<Float32Array>,
  timesteps: readonly number[],
  schedule: NoiseSchedule,
  precision: Precision = "float32",
): NdArray<Float32Array> {
  return mixSamples(latents, noise, timesteps, precision, (t) => levelOfTimestep(schedule, t, precision));
}

/** The target of a network of type "v_prediction": sqrt(abar_t) noise - sqrt(1 - abar_t) x0. Shapes as for noisyLatents.
 *  Source: Salimans 2022, "Progressive Distillation", appendix D. */
export function velocity(
  latents: NdArray<Float32Array>,
  noise: NdArray<Float32Array>,
  timesteps: readonly number[],
  schedule: NoiseSchedule,
  precision: Precision = "float32",
): NdArray<Float32Array> {
  return mixSamples(latents, noise, timesteps, precision, (t) => {
    const level = levelOfTimestep(schedule, t, precision);
    return { alpha: -level.sigma, sigma: level.alpha };
  });
}

/** In half precision: the square roots of a rounded abar. */
function levelOfTimestep(schedule: NoiseSchedule, timestep: number, precision: Precision): NoiseLevel {
  const round = rounding(precision);
  const alphaCumprod = round(schedule.alphasCumprod[timestep]!);
  return { alpha: round(Math.sqrt(alphaCumprod)), sigma: round(Math.sqrt(round(1 - alphaCumprod))) };
}

function mixSamples(
  latents: NdArray<Float32Array>,
  noise: NdArray<Float32Array>,
  timesteps: readonly number[],
  precision: Precision,
  weightsAt: (timestep: number) => NoiseLevel,
): NdArray<Float32Array> {
  const round = rounding(precision);
  const weights = timesteps.map(weightsAt);
  const size = latents.data.length / timesteps.length;
  const data = latents.data.map((value, i) => {
    const { alpha, sigma } = weights[Math.floor(i / size)]!;
    return round(alpha * value + sigma * noise.data[i]!);
  });
  return { ...latents, data };
}

/** The dtype in which latents and noise are computed; values are always held as float32. Training computes in float32; the others are for
 *  comparison with recordings of sd-scripts in half precision. */
export type Precision = "float32" | "float16" | "bfloat16";

/** Rounds a number to the nearest value of a dtype. */
export function rounding(precision: Precision): (value: number) => number {
  if (precision === "float16") return (value) => float16ToFloat32(float32ToFloat16(value));
  if (precision === "bfloat16") return (value) => bfloat16ToFloat32(float32ToBfloat16(value));
  return Math.fround;
}
