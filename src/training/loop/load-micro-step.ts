import type { DatasetGroup } from "../../dataset/index.ts";
import { noiseSchedule } from "../../diffusion/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { ComputeDtype, LoweredProgram } from "../../runtime/index.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { Preparation } from "../setup/prepare.ts";
import type { LossScale } from "./loss-scale.ts";
import { type MicroStepContext, microStepOutputs } from "./micro-step.ts";
import { type MicroStepGraph, microStepGraph } from "./micro-step-graph.ts";

/** The micro-step graph for these datasets: every bucket runs through it. */
function graphOf(settings: TrainSettings, { model, group, word }: Preparation): MicroStepGraph {
  const { vaeScaleFactor } = model.vae.architecture;
  const [width, height] = group.images
    .map(({ bucket }) => bucket)
    .reduce((largest, bucket) => (bucket[0] * bucket[1] > largest[0] * largest[1] ? bucket : largest));
  const halvings = 2 ** (model.unet.architecture.blockOutChannels.length - 1);
  const isEven = group.images.every(({ bucket }) => bucket.every((side) => side % (vaeScaleFactor * halvings) === 0));
  return microStepGraph(model, {
    chunks: (settings.maxTokenLength ?? 75) / 75,
    clipSkip: model.family === "sdxl" ? undefined : settings.clipSkip,
    layers: word.layers?.length,
    lossType: settings.lossType,
    hasMask: hasMasks(group),
    checkpointing: settings.gradientCheckpointing,
    nominal: { batch: settings.trainBatchSize, height: height / vaeScaleFactor, width: width / vaeScaleFactor },
    multipleOf: isEven ? halvings : 1,
  });
}

/** The micro-step of a run, written for a device but not loaded. */
export interface MicroStepDraft {
  readonly graph: MicroStepGraph;
  readonly program: LoweredProgram;
  readonly computeDtype: ComputeDtype;
}

export function draftMicroStep(
  settings: TrainSettings,
  preparation: Preparation,
  { runtime, computeDtype }: ComputingDevice,
): MicroStepDraft {
  const graph = graphOf(settings, preparation);
  const withoutKernelCopies = settings.gradientCheckpointing || settings.lowram;
  return {
    graph,
    computeDtype,
    program: runtime.lower(microStepOutputs(graph), { withoutKernelCopies, computeDtype }),
  };
}

/** Puts the micro-step on its device. lossScale: given where products are computed in float16. */
export async function loadMicroStep(
  settings: TrainSettings,
  { model, checkpoint }: Preparation,
  { program }: MicroStepDraft,
  lossScale?: LossScale,
): Promise<MicroStepContext> {
  const isVelocity = checkpoint.predictionType.value === "v_prediction";
  return {
    model,
    program: await program.load(),
    lossScale,
    schedule: noiseSchedule({ zeroTerminalSnr: settings.zeroTerminalSnr || checkpoint.hasZeroTerminalSnr }),
    isVelocity,
    lossType: settings.lossType,
    options: { ...settings, vParameterization: isVelocity },
  };
}

/** Whether any picture can bring a loss mask. */
export function hasMasks({ datasets }: DatasetGroup): boolean {
  return datasets.some(({ subsets }) =>
    subsets.some(({ plan }) => plan.alphaMask || plan.conditioningDataDir !== undefined),
  );
}
