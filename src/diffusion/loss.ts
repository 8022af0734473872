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

/** Upper limit of the signal-to-noise ratio, which is infinite where a schedule adds no noise. Min-SNR does not use it, as in sd-scripts `library/custom_train_functions.py`. */
const largestSnr = 1000;

/** Weight of a sample's loss at a timestep. An option of 0 is off. */
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

/** How the threshold falls as noise increases: not at all, exponentially with the timestep, or with the noise level. */
export type HuberSchedule = "constant" | "exponential" | "snr";

export interface HuberOptions {
  readonly huberSchedule: HuberSchedule;
  /** The threshold at pure noise. Without noise it is 1; with "constant" it is huberC at every timestep. */
  readonly huberC: number;
  /** Factor of the threshold; "snr" ignores it. */
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
      const alphaCumprod = schedule.alphasCumprod[timestep]!;
      const sigmaVe = Math.sqrt((1 - alphaCumprod) / alphaCumprod);
      return (1 - huberC) / (1 + sigmaVe) ** 2 + huberC;
    }
  }
}
