import type { StoredArray } from "../array/index.ts";
import { toFloat32 } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { Decided, Family, PredictionType } from "./checkpoint.ts";
import { readStoredArray } from "./stored.ts";

type Config = Readonly<Record<string, unknown>> | undefined;

/** What a model shows of its family. */
export interface FamilyEvidence {
  /** Two text encoders. */
  readonly hasTwoTextEncoders: boolean;
  /** The text encoder's tensors carry OpenCLIP's names; undefined where the layout spells all encoders alike. */
  readonly hasOpenClipNames: boolean | undefined;
  readonly textEncoderConfig: Config;
  /** Width of the text vectors the U-Net takes. */
  readonly contextWidth: number | undefined;
  /** Rank of the U-Net's projections: 4 convolutions (SD1), 2 linear (SD2). */
  readonly projectionRank: number | undefined;
}

/** The family of a model: the user's word, else what its structure shows. A contradiction is told by a warning.
 *  @throws CHECKPOINT_FOREIGN when the word cannot be followed: one text encoder is not two. */
export function decideFamily(
  evidence: FamilyEvidence,
  asked: Family | undefined,
  warn: (text: string) => void,
): Decided<Family> {
  const seen = seenFamily(evidence);
  if (!asked || asked === seen.value) return asked ? { value: asked, reason: "asked for, and the file agrees" } : seen;
  if (asked === "sdxl" || seen.value === "sdxl")
    throw new CoinageError(
      "CHECKPOINT_FOREIGN",
      `The model is ${familyNames[seen.value]} (${seen.reason}), not ${familyNames[asked]} as asked for.`,
      { hint: "Leave the family out (it is detected) or choose another model." },
    );
  warn(`The model looks like ${familyNames[seen.value]} (${seen.reason}) but ${familyNames[asked]} was asked for.`);
  return { value: asked, reason: "asked for" };
}

export const familyNames: Readonly<Record<Family, string>> = {
  sd1: "Stable Diffusion 1",
  sd2: "Stable Diffusion 2",
  sdxl: "Stable Diffusion XL",
};

function seenFamily(evidence: FamilyEvidence): Decided<Family> {
  if (evidence.hasTwoTextEncoders) return { value: "sdxl", reason: "it has two text encoders" };
  if (evidence.hasOpenClipNames) return { value: "sd2", reason: "its text encoder is OpenCLIP's" };
  if (evidence.contextWidth === 1024) return { value: "sd2", reason: "its text vectors are 1024 wide" };
  if (evidence.contextWidth === 768) return { value: "sd1", reason: "its text vectors are 768 wide" };
  if (evidence.hasOpenClipNames === false) return { value: "sd1", reason: "its text encoder is OpenAI's" };
  const activation = evidence.textEncoderConfig?.hidden_act;
  if (activation === "gelu") return { value: "sd2", reason: "its text encoder uses GELU, as OpenCLIP's does" };
  if (activation === "quick_gelu") return { value: "sd1", reason: "its text encoder uses QuickGELU, as OpenAI's does" };
  return evidence.projectionRank === 2
    ? { value: "sd2", reason: "its U-Net has linear projections" }
    : { value: "sd1", reason: "nothing about it says otherwise" };
}

export interface PredictionEvidence {
  readonly family: Family;
  readonly schedulerConfig: Config;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly unet: ReadonlyMap<string, StoredArray>;
}

/** What the U-Net predicts: the user's word, else the best of what the model says. Source: checkpoints.md section 5. */
export function decidePredictionType(
  evidence: PredictionEvidence,
  asked: PredictionType | undefined,
  warn: (text: string) => void,
): Decided<PredictionType> {
  const seen = seenPredictionType(evidence);
  if (!asked) return seen ?? { value: "epsilon", reason: "the default of its family" };
  if (seen && seen.value !== asked)
    warn(`The model seems to predict ${seen.value} (${seen.reason}) but ${asked} was asked for.`);
  return { value: asked, reason: "asked for" };
}

function seenPredictionType(evidence: PredictionEvidence): Decided<PredictionType> | undefined {
  const { family, schedulerConfig, metadata, names, globalStep, unet } = evidence;
  const ofScheduler = predictionTypeOf(schedulerConfig?.prediction_type);
  if (ofScheduler) return { value: ofScheduler, reason: "scheduler_config.json says so" };
  const ofMetadata = predictionTypeOf(metadata["modelspec.prediction_type"]);
  if (ofMetadata) return { value: ofMetadata, reason: "its metadata say so" };
  if (names.has("v_pred")) return { value: "v_prediction", reason: 'it has the marker tensor "v_pred"' };
  if (family !== "sd2") return undefined;
  if (globalStep !== undefined)
    return {
      value: globalStep === 875_000 ? "epsilon" : "v_prediction",
      reason: `it was trained for ${globalStep} steps`,
    };
  return fromStatistics(unet);
}

function predictionTypeOf(text: unknown): PredictionType | undefined {
  if (text === "epsilon") return "epsilon";
  return text === "v_prediction" || text === "v" ? "v_prediction" : undefined;
}

const tellingBias = "up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias";

/** SD 2.x models of the two kinds differ in the spread of one bias. Source: ComfyUI; holds for the full-sized network only. */
function fromStatistics(unet: ReadonlyMap<string, StoredArray>): Decided<PredictionType> | undefined {
  const bias = unet.get(tellingBias);
  if (bias?.shape[0] !== 320) return undefined;
  const values = toFloat32(readStoredArray(bias)).data;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return {
    value: deviation > 0.09 ? "v_prediction" : "epsilon",
    reason: `a bias of its last block has the spread ${deviation.toFixed(3)}`,
  };
}
