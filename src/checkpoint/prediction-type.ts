import { type StoredArray, toFloat32 } from "../array/index.ts";
import type { Decided, Family, PredictionType } from "./checkpoint.ts";
import { certain, decide, likely, type Question, type Seen } from "./decide.ts";
import { readStoredArray } from "./stored.ts";

export interface PredictionEvidence {
  readonly family: Family;
  readonly schedulerConfig: Readonly<Record<string, unknown>> | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly unet: ReadonlyMap<string, StoredArray>;
}

/** What the U-Net predicts. asked: what the user says it does. Source: checkpoints.md section 5. @throws CHECKPOINT_CONTRADICTED */
export function decidePredictionType(
  evidence: PredictionEvidence,
  asked: PredictionType | undefined,
  question: Pick<Question<PredictionType>, "where" | "warn">,
): Decided<PredictionType> {
  const flag = "--v_parameterization";
  const seen = seenPredictionType(evidence);
  if (!seen)
    return asked ? { value: asked, reason: "asked for" } : { value: "epsilon", reason: "the default of its family" };
  return decide(seen, {
    ...question,
    asked: asked && { value: asked, flag },
    say: (type) => (type === "epsilon" ? "predicts noise (epsilon)" : "predicts velocity (v_prediction)"),
  });
}

/** undefined when nothing speaks for either. */
function seenPredictionType(evidence: PredictionEvidence): Seen<PredictionType> | undefined {
  const { family, schedulerConfig, metadata, names, globalStep, unet } = evidence;
  const ofScheduler = predictionTypeOf(schedulerConfig?.prediction_type);
  if (ofScheduler) return certain(ofScheduler, "scheduler_config.json says so");
  const ofMetadata = predictionTypeOf(metadata["modelspec.prediction_type"]);
  if (ofMetadata) return certain(ofMetadata, "its metadata say so");
  if (names.has("v_pred")) return certain("v_prediction", 'it has the marker tensor "v_pred"');
  if (family !== "sd2") return undefined;
  if (globalStep === undefined) return fromStatistics(unet);
  // Only the 512-pixel base model of SD2 was trained for just so many steps. Source: Diffusers' conversion of original checkpoints.
  const type = globalStep === 875_000 ? "epsilon" : "v_prediction";
  return likely(type, `it was trained for ${globalStep} steps`);
}

function predictionTypeOf(text: unknown): PredictionType | undefined {
  if (text === "epsilon") return "epsilon";
  return text === "v_prediction" || text === "v" ? "v_prediction" : undefined;
}

const tellingBias = "up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias";

/** SD 2.x models of the two kinds differ in the spread of one bias. Source: ComfyUI; holds for the full-sized network only. */
function fromStatistics(unet: ReadonlyMap<string, StoredArray>): Seen<PredictionType> | undefined {
  const bias = unet.get(tellingBias);
  if (bias?.shape[0] !== 320) return undefined;
  const values = toFloat32(readStoredArray(bias)).data;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const type = deviation > 0.09 ? "v_prediction" : "epsilon";
  return likely(type, `a bias of its last block has the spread ${deviation.toFixed(3)}`);
}
