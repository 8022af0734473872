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

/** What a run draws each time. */
interface Drawing {
  readonly images: number;
  /** Floating point operations of all of them. */
  readonly flops: number;
  /** Optimizer steps from one time to the next; undefined: there is none but the first. */
  readonly interval: number | undefined;
}

/** What a run draws as it goes on, if these are its prompts. */
export function drawingOf(
  { sampleEveryNEpochs, sampleEveryNSteps, gradientAccumulationSteps }: TrainSettings,
  { model, length }: Pick<TrainingInputs, "model" | "length">,
  requests: readonly SampleRequest[],
): Drawing {
  if (requests.length === 0) return { images: 0, flops: 0, interval: undefined };
  const ofEpoch = Math.ceil(length.batchesPerEpoch / gradientAccumulationSteps);
  // its graph has thousands of nodes, and is the same for all images
  const { prediction } = unetOutputs(model, chunkTokens, 1);
  return {
    images: requests.length,
    flops: requests.reduce((sum, request) => sum + imageFlops(request, model, prediction), 0),
    // images by epoch take precedence
    interval: sampleEveryNEpochs === undefined ? sampleEveryNSteps : sampleEveryNEpochs * ofEpoch,
  };
}

/** The sample images that a run has left, and the time in seconds of these and its steps. from: steps that were made. */
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

/** Encoding the prompts, a thousandth of it, is left out. prediction: of the U-Net. */
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

/** Of the shortest prompts. */
const chunkTokens = 77;
