import type { PredictionType } from "./noise-level.ts";
import { type NoiseSchedule, numTrainTimesteps } from "./noise-schedule.ts";

export interface TimestepWeightOptions {
  /** What the network predicts. */
  readonly predictionType: PredictionType;
  /** Limit of the min-SNR weight; 5 in the paper. Source: Hang 2023, "Efficient Diffusion Training via Min-SNR Weighting Strategy". */
  readonly minSnrGamma?: number | undefined;
  /** Weights a velocity loss like a noise loss. Source: sd-scripts `library/custom_train_functions.py` scale_v_prediction_loss_like_noise_prediction. */
  readonly scaleVPredLossLikeNoisePred?: boolean | undefined;
  /** Adds this share of the loss weighted like a velocity loss. Source: sd-scripts `library/custom_train_functions.py` add_v_prediction_like_loss. */
  readonly vPredLikeLoss?: number | undefined;
  /** Source: Yu 2023, "Debias the Training of Diffusion Models". */
  readonly debiasedEstimationLoss?: boolean | undefined;
}

/** Keeps the ratio finite at timestep 0 of other schedules; sd-scripts limits it in all weights except min-SNR. */
const largestSnr = 1000;

/** Factor of a sample's loss at a timestep. An option that is 0 is off. */
export function timestepWeight(timestep: number, options: TimestepWeightOptions, schedule: NoiseSchedule): number {
  const snr = schedule.snr[timestep]!;
  const limited = Math.min(snr, largestSnr);
  const { minSnrGamma, vPredLikeLoss } = options;
  const isVPrediction = options.predictionType === "v_prediction";
  let weight = 1;
  if (minSnrGamma) weight *= Math.min(snr, minSnrGamma) / (isVPrediction ? snr + 1 : snr);
  if (options.scaleVPredLossLikeNoisePred) weight *= limited / (limited + 1);
  if (vPredLikeLoss) weight *= 1 + (vPredLikeLoss * (limited + 1)) / limited;
  if (options.debiasedEstimationLoss) weight *= isVPrediction ? 1 / (limited + 1) : 1 / Math.sqrt(limited);
  return weight;
}

export type HuberSchedule = "constant" | "exponential" | "snr";

export interface HuberOptions {
  readonly huberSchedule: HuberSchedule;
  readonly huberC: number;
  /** Unused by the schedule "snr". */
  readonly huberScale: number;
}

/** Where the huber and smooth_l1 losses change from quadratic to linear, for a sample at a timestep.
 *  Source: Khrapov 2024, "Improving Diffusion Models's Data-Corruption Resistance using Scheduled Pseudo-Huber Loss". */
export function huberThreshold(timestep: number, options: HuberOptions, schedule: NoiseSchedule): number {
  const { huberSchedule, huberC, huberScale } = options;
  switch (huberSchedule) {
    case "constant":
      return huberC * huberScale;
    case "exponential":
      return huberScale * huberC ** (timestep / numTrainTimesteps);
    case "snr": {
      const alpha = schedule.alphasCumprod[timestep]!;
      const sigma = Math.sqrt((1 - alpha) / alpha);
      return (1 - huberC) / (1 + sigma) ** 2 + huberC;
    }
  }
}
