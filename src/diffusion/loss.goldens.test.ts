import { describe, expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { type HuberSchedule, huberThreshold, timestepWeight } from "./loss.ts";
import { noiseSchedule } from "./noise-schedule.ts";
import { velocity } from "./noisy-latents.ts";

interface WeightCase {
  readonly name: string;
  readonly kind: string;
  readonly param: number | readonly [number, number] | null;
  readonly v_parameterization: boolean;
  readonly zero_terminal_snr: boolean;
}

interface LossCase {
  readonly name: string;
  readonly shape: readonly [number, number, number, number];
  readonly timesteps: readonly number[];
  readonly mask: string | null;
  readonly options: {
    readonly loss_type: "l2" | "l1" | "huber" | "smooth_l1";
    readonly huber_schedule: HuberSchedule;
    readonly huber_c: number;
    readonly huber_scale: number;
    readonly min_snr_gamma: number | null;
    readonly scale_v_pred_loss_like_noise_pred: boolean;
    readonly v_pred_like_loss: number | null;
    readonly debiased_estimation_loss: boolean;
    readonly v_parameterization: boolean;
    readonly zero_terminal_snr: boolean;
  };
  readonly huber_c: readonly number[] | null;
  readonly loss_weights: readonly number[];
  readonly per_sample: readonly number[];
  readonly loss: number;
}

/** Value and derivative of the element losses. The graph's own versions have their own tests; this one is of the whole loss. */
const elementLosses = {
  l2: (d: number) => [d * d, 2 * d],
  l1: (d: number) => [Math.abs(d), Math.sign(d)],
  huber: (d: number, c: number) => [2 * c * (Math.hypot(d, c) - c), (2 * c * d) / Math.hypot(d, c)],
  smooth_l1: (d: number, c: number) => [2 * (Math.hypot(d, c) - c), (2 * d) / Math.hypot(d, c)],
} as const;

/** Mean of a mask over the 8x8 pixels of a latent. */
function maskOfLatent(mask: Float32Array, [, , height, width]: LossCase["shape"], sample: number, at: number): number {
  const [row, column] = [Math.floor(at / width), at % width];
  let sum = 0;
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) sum += mask[(sample * height * 8 + row * 8 + y) * width * 8 + column * 8 + x]!;
  return sum / 64;
}

function expectRelative(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const floor = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largestDifference(actual, expected)).toBeLessThan(tolerance * floor + 1e-9);
}

describeGoldens("loss-and-noise", (folder) => {
  describe("weights", () => {
    const tensors = readTensors(folder, "weights.safetensors");

    test.each(readJson<WeightCase[]>(folder, "weights.json"))("$name", (golden) => {
      const { kind, param } = golden;
      const predictionType = golden.v_parameterization ? "v_prediction" : "epsilon";
      const schedule = noiseSchedule({ zeroTerminalSnr: golden.zero_terminal_snr });
      const weightAt = (t: number) => {
        if (Array.isArray(param)) {
          const huberSchedule = kind.replace("huber_c:", "") as HuberSchedule;
          return huberThreshold(t, { huberSchedule, huberC: param[0], huberScale: param[1] }, schedule);
        }
        const option = kind.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
        return timestepWeight(t, { predictionType, [option]: param ?? true }, schedule);
      };
      float32(tensors, golden.name).data.forEach((expected, t) => {
        expect(Math.abs(weightAt(t) / expected - 1), `timestep ${t}`).toBeLessThan(1e-4);
      });
    });
  });

  describe("losses", () => {
    const tensors = readTensors(folder, "loss.safetensors");

    test.each(readJson<LossCase[]>(folder, "loss.json"))("$name", (golden) => {
      const { options, shape, timesteps } = golden;
      const part = (name: string) => float32(tensors, `${golden.name}.${name}`);
      const schedule = noiseSchedule({ zeroTerminalSnr: options.zero_terminal_snr });
      const target = options.v_parameterization
        ? velocity(part("latents"), part("noise"), timesteps, schedule)
        : part("noise");
      expect(largestDifference(target.data, part("target").data)).toBeLessThan(5e-6);

      const huber = { huberSchedule: options.huber_schedule, huberC: options.huber_c, huberScale: options.huber_scale };
      const thresholds = timesteps.map((t) => huberThreshold(t, huber, schedule));
      if (golden.huber_c) expectRelative(thresholds, golden.huber_c, 1e-5);
      const weights = timesteps.map((t, i) => {
        const weightOptions = {
          predictionType: options.v_parameterization ? ("v_prediction" as const) : ("epsilon" as const),
          minSnrGamma: options.min_snr_gamma ?? undefined,
          scaleVPredLossLikeNoisePred: options.scale_v_pred_loss_like_noise_pred,
          vPredLikeLoss: options.v_pred_like_loss ?? undefined,
          debiasedEstimationLoss: options.debiased_estimation_loss,
        };
        return golden.loss_weights[i]! * timestepWeight(t, weightOptions, schedule);
      });

      const [batch, channels, height, width] = shape;
      const size = channels * height * width;
      const mask = golden.mask === null ? undefined : part("mask").data;
      const elements = new Float64Array(batch * size);
      const gradient = new Float64Array(batch * size);
      const perSample = new Array<number>(batch).fill(0);
      part("pred").data.forEach((prediction, i) => {
        const sample = Math.floor(i / size);
        const d = prediction - part("target").data[i]!;
        const [value, slope] = elementLosses[options.loss_type](d, thresholds[sample]!);
        const kept = mask ? maskOfLatent(mask, shape, sample, i % (height * width)) : 1;
        elements[i] = value! * kept;
        perSample[sample]! += (elements[i]! * weights[sample]!) / size;
        gradient[i] = (slope! * kept * weights[sample]!) / size / batch;
      });
      expectRelative(elements, part("element_loss").data, 1e-5);
      expectRelative(perSample, golden.per_sample, 1e-5);
      expectRelative([perSample.reduce((sum, loss) => sum + loss) / batch], [golden.loss], 1e-5);
      expectRelative(gradient, part("grad").data, 1e-5);
    });
  });
});
