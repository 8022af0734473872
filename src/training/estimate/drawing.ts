import { evaluationsOf } from "../../diffusion/index.ts";
import type { SampleRequest } from "../../generation/index.ts";
import { countFlops, type Tensor } from "../../graph/index.ts";
import { vaeBands } from "../../models/index.ts";
import { unetOutputs, vaeDecoderOutputs } from "../../networks/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { promptGroups, samplingOf } from "../../pipeline/index.ts";
import type { DeviceRate } from "../../runtime/index.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import { type Estimate, secondsOf } from "./estimate.ts";

/** A round of sample images. */
interface Drawing {
  readonly images: number;
  /** Floating point operations of a round. */
  readonly flops: number;
  /** Optimizer steps between rounds; undefined: no regular rounds. */
  readonly interval: number | undefined;
}

/** The rounds of sample images that a run draws of these prompts. */
export function drawingOf(
  { sampleEveryNEpochs, sampleEveryNSteps, gradientAccumulationSteps }: TrainSettings,
  { model, length }: Pick<TrainingInputs, "model" | "length">,
  requests: readonly SampleRequest[],
): Drawing {
  if (requests.length === 0) return { images: 0, flops: 0, interval: undefined };
  const ofEpoch = Math.ceil(length.batchesPerEpoch / gradientAccumulationSteps);
  // built once for all images: the graph has thousands of nodes
  const { prediction } = unetOutputs(model, chunkTokens, 1);
  return {
    images: requests.length,
    flops: requests.reduce((sum, request) => sum + imageFlops(request, model, prediction), 0),
    // images by epoch take precedence
    interval: sampleEveryNEpochs === undefined ? sampleEveryNSteps : sampleEveryNEpochs * ofEpoch,
  };
}

/** Sample images still to draw, and the time in seconds for them and the remaining steps. from: steps done. */
export function expectedRest(
  settings: TrainSettings,
  inputs: TrainingInputs,
  requests: readonly SampleRequest[],
  { secondsPerStep }: Estimate,
  rate: DeviceRate,
  from = 0,
): { readonly images: number; readonly seconds: number } {
  const { steps } = inputs.length;
  const { images, flops, interval } = drawingOf(settings, inputs, requests);
  const atFirst = settings.sampleAtFirst && from === 0 ? 1 : 0;
  const later = interval === undefined ? 0 : Math.floor(steps / interval) - Math.floor(from / interval);
  const times = atFirst + Math.max(0, later);
  return {
    images: times * images,
    seconds: Math.max(0, steps - from) * secondsPerStep + times * secondsOf(flops, rate),
  };
}

/** Without encoding the prompts, about a thousandth of it. prediction: the U-Net's output. */
function imageFlops(request: SampleRequest, model: TrainingInputs["model"], prediction: Tensor): number {
  const sampling = samplingOf(request, model.family);
  const { vaeScaleFactor } = model.vae.architecture;
  const [width, height] = [sampling.width / vaeScaleFactor, sampling.height / vaeScaleFactor];
  const sizes = (batch: number) => new Map(Object.entries({ batch, width, height }));
  const { pictures } = vaeDecoderOutputs(model, vaeBands(height, width, sampling.vaeSlices));
  return (
    evaluationsOf(sampling.sampler, sampling.steps) * countFlops([prediction], sizes(promptGroups(sampling).length)) +
    countFlops([pictures], sizes(1))
  );
}

/** Tokens of the shortest prompts. */
const chunkTokens = 77;
