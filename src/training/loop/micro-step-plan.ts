import type { Checkpoint } from "../../checkpoint/index.ts";
import type { DatasetGroup } from "../../dataset/index.ts";
import { type NoiseSchedule, noiseSchedule } from "../../diffusion/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { LoadOptions, LoweredProgram, Runtime } from "../../runtime/index.ts";
import { chunkCount } from "../../tokenizer/index.ts";
import type { PreparedPlaceholder } from "../setup/placeholder.ts";
import { type MicroStepContext, microStepOutputs } from "./micro-step.ts";
import { type MicroStepGraph, type MicroStepGraphOptions, microStepGraph } from "./micro-step-graph.ts";

/** What the micro-step of a run depends on besides its model and embeddings, as plain data from which another machine builds the same one. */
export interface MicroStepPlan {
  readonly graph: MicroStepGraphOptions;
  /** See LoadOptions. */
  readonly withoutKernelCopies: boolean;
  readonly hasZeroTerminalSnr: boolean;
  /** Options for noise, timesteps and loss weights. */
  readonly options: MicroStepContext["options"];
  /** Parts that a micro-batch is split into. */
  readonly split: number;
}

interface PlannedInputs {
  readonly model: DiffusionModel;
  readonly checkpoint: Pick<Checkpoint, "hasZeroTerminalSnr" | "predictionType">;
  readonly placeholder: Pick<PreparedPlaceholder, "layers">;
  readonly group: Pick<DatasetGroup, "images" | "datasets">;
}

export function microStepPlan(settings: TrainSettings, inputs: PlannedInputs): MicroStepPlan {
  const { minTimestep, maxTimestep, timestepSampling, ipNoiseGamma, ipNoiseGammaRandomStrength } = settings;
  const { noiseOffset, noiseOffsetRandomStrength, adaptiveNoiseScale } = settings;
  const { multiresNoiseIterations, multiresNoiseDiscount } = settings;
  const { minSnrGamma, scaleVPredLossLikeNoisePred, vPredLikeLoss, debiasedEstimationLoss } = settings;
  const { huberSchedule, huberC, huberScale } = settings;
  return {
    graph: graphOptions(settings, inputs),
    withoutKernelCopies: settings.gradientCheckpointing || settings.lowram,
    hasZeroTerminalSnr: settings.zeroTerminalSnr || inputs.checkpoint.hasZeroTerminalSnr,
    options: {
      predictionType: inputs.checkpoint.predictionType.value,
      ...{ minTimestep, maxTimestep, timestepSampling, ipNoiseGamma, ipNoiseGammaRandomStrength },
      ...{ noiseOffset, noiseOffsetRandomStrength, adaptiveNoiseScale, multiresNoiseIterations, multiresNoiseDiscount },
      ...{ minSnrGamma, scaleVPredLossLikeNoisePred, vPredLikeLoss, debiasedEstimationLoss },
      ...{ huberSchedule, huberC, huberScale },
    },
    split: settings.clusterSplit,
  };
}

function graphOptions(
  settings: TrainSettings,
  { model, group, placeholder }: Omit<PlannedInputs, "checkpoint">,
): MicroStepGraphOptions {
  const { vaeScaleFactor } = model.vae.architecture;
  const [width, height] = group.images
    .map(({ bucket }) => bucket)
    .reduce((largest, bucket) => (bucket[0] * bucket[1] > largest[0] * largest[1] ? bucket : largest));
  const halvings = 2 ** (model.unet.architecture.blockOutChannels.length - 1);
  const isEven = group.images.every(({ bucket }) => bucket.every((side) => side % (vaeScaleFactor * halvings) === 0));
  return {
    chunks: chunkCount(settings.maxTokenLength),
    clipSkip: model.family === "sdxl" ? undefined : settings.clipSkip,
    layers: placeholder.layers?.length,
    lossType: settings.lossType,
    hasMask: hasMasks(group),
    gradientCheckpointing: settings.gradientCheckpointing,
    nominal: {
      batch: Math.ceil(settings.trainBatchSize / settings.clusterSplit),
      height: height / vaeScaleFactor,
      width: width / vaeScaleFactor,
    },
    multipleOf: isEven ? halvings : 1,
  };
}

/** Whether any image can have a loss mask. */
export function hasMasks({ datasets }: Pick<DatasetGroup, "datasets">): boolean {
  return datasets.some(({ subsets }) =>
    subsets.some(({ plan }) => plan.alphaMask || plan.conditioningDataDir !== undefined),
  );
}

/** A micro-step lowered for a device. */
interface PlannedMicroStep {
  readonly graph: MicroStepGraph;
  readonly program: LoweredProgram;
  /** Its context except for the loaded program. */
  readonly context: Omit<MicroStepContext, "program">;
}

/** Builds the micro-step of a plan. */
export function lowerMicroStep(
  plan: MicroStepPlan,
  model: DiffusionModel,
  runtime: Pick<Runtime, "lower">,
  computeDtype: LoadOptions["computeDtype"],
): PlannedMicroStep {
  const graph = microStepGraph(model, plan.graph);
  const { withoutKernelCopies, hasZeroTerminalSnr, options, split } = plan;
  const schedule: NoiseSchedule = noiseSchedule({ zeroTerminalSnr: hasZeroTerminalSnr });
  return {
    graph,
    program: runtime.lower(microStepOutputs(graph), { withoutKernelCopies, ...(computeDtype && { computeDtype }) }),
    context: { model, schedule, lossType: plan.graph.lossType, options, split },
  };
}
