import { arrayOf, type NdArray } from "../../src/array/index.ts";
import { noiseSchedule } from "../../src/diffusion/index.ts";
import type { MicroStepContext } from "../../src/training/index.ts";

export const [vectors, width, positions] = [4, 768, 77];

/** A micro-step of SD 1.5's sizes that computes nothing. */
export const idle: MicroStepContext = {
  model: { family: "sd1" } as MicroStepContext["model"],
  schedule: noiseSchedule(),
  lossType: "l2",
  options: { predictionType: "epsilon", huberSchedule: "snr", huberC: 0.1, huberScale: 1 },
  program: {
    run: async (): Promise<Record<string, NdArray>> => ({
      lossSums: arrayOf([1], [1]),
      tokenGradients0: arrayOf([1, positions, width], new Float32Array(positions * width).fill(1e-3)),
    }),
  } as unknown as MicroStepContext["program"],
};

/** The latents of every sample. */
export const latents = new Float32Array(4 * 64 * 64).fill(0.5);

/** The numerics digest of all workers that compute nothing. */
export const numerics = "0".repeat(64);
