import { type NoiseSchedule, trainTimesteps } from "./noise-schedule.ts";

export type HuberSchedule = "constant" | "exponential" | "snr";

export interface HuberOptions {
  readonly huberSchedule: HuberSchedule;
  readonly huberC: number;
  /** Unused by the schedule "snr". */
  readonly huberScale: number;
}

/** Where the huber and smooth_l1 losses turn from quadratic to linear, for a sample at a timestep.
 *  Source: Khrapov 2024, "Improving Diffusion Models's Data-Corruption Resistance using Scheduled Pseudo-Huber Loss". */
export function huberThreshold(timestep: number, options: HuberOptions, schedule: NoiseSchedule): number {
  const { huberSchedule, huberC, huberScale } = options;
  switch (huberSchedule) {
    case "constant":
      return huberC * huberScale;
    case "exponential":
      return huberScale * huberC ** (timestep / trainTimesteps);
    case "snr": {
      const alpha = schedule.alphasCumprod[timestep]!;
      const sigma = Math.sqrt((1 - alpha) / alpha);
      return (1 - huberC) / (1 + sigma) ** 2 + huberC;
    }
  }
}
