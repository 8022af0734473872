import { type StoredArray, toFloat32 } from "../array/index.ts";
import type { PredictionType } from "../diffusion/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { Decided, Family, UNetInputKind } from "./checkpoint.ts";
import type { FoundComponent } from "./component.ts";
import { readStoredArray } from "./stored.ts";

/** What a model's file indicates, and why. */
interface Seen<Value> extends Decided<Value> {
  /** Whether it follows from the model's metadata or structure, not from a rule of thumb. */
  readonly isCertain: boolean;
}

interface Question<Value> {
  /** The model's path. */
  readonly where: string;
  /** The user's setting, and its flag. */
  readonly asked: { readonly value: Value; readonly flag: string } | undefined;
  readonly say: (value: Value) => string;
  readonly warn: (text: string) => void;
}

function certain<Value>(value: Value, reason: string): Seen<Value> {
  return { value, reason, isCertain: true };
}

function likely<Value>(value: Value, reason: string): Seen<Value> {
  return { value, reason, isCertain: false };
}

/** What the model's file indicates; if that is only likely, the user's setting takes precedence, with a warning.
 *  differs from sd-scripts: family and prediction type are taken from flags alone; with wrong ones training fails later, or learns from noise.
 *  coinage: family and prediction type are detected from the model, and flags that cannot be true are refused.
 *  because: the flags are easily forgotten, and the mistake shows late.
 *  @throws CHECKPOINT_CONTRADICTED if the user's setting cannot be true */
function decide<Value>(seen: Seen<Value>, { where, asked, say, warn }: Question<Value>): Decided<Value> {
  const { value, reason, isCertain } = seen;
  if (!asked) return { value, reason };
  if (asked.value === value) return { value, reason: isCertain ? reason : "asked for" };
  if (isCertain)
    throw new CoinageError(
      "CHECKPOINT_CONTRADICTED",
      `${where} ${say(value)} (${reason}); ${asked.flag} says that it ${say(asked.value)}.`,
      { where: asked.flag, hint: `Leave ${asked.flag} out, or choose another model.` },
    );
  warn(`The model probably ${say(value)} (${reason}), but it is used as ${asked.flag} says: it ${say(asked.value)}.`);
  return { value: asked.value, reason: "asked for" };
}

type Config = Readonly<Record<string, unknown>> | undefined;

/** What indicates a model's family. */
export interface FamilyEvidence {
  /** Whether there are two text encoders. */
  readonly hasTwoTextEncoders: boolean;
  /** Whether the text encoder's tensors have OpenCLIP's names; undefined if the layout names all encoders alike. */
  readonly hasOpenClipNames: boolean | undefined;
  readonly textEncoderConfig: Config;
  /** Width of the text vectors for the U-Net. */
  readonly crossAttentionDim: number | undefined;
  /** Rank of the U-Net's projections: 4 convolutions (SD1), 2 linear (SD2). */
  readonly projectionRank: number | undefined;
}

export const familyNames: Readonly<Record<Family, string>> = {
  sd1: "Stable Diffusion 1",
  sd2: "Stable Diffusion 2",
  sdxl: "Stable Diffusion XL",
};

/** sd-scripts' flags for the family. */
const familyFlags: Readonly<Record<Family, string>> = { sd1: "--v1", sd2: "--v2", sdxl: "--sdxl" };

/** The family of a model. asked: the user's setting. @throws CHECKPOINT_CONTRADICTED */
export function decideFamily(
  evidence: FamilyEvidence,
  asked: Family | undefined,
  question: Pick<Question<Family>, "where" | "warn">,
): Decided<Family> {
  return decide(seenFamily(evidence), {
    ...question,
    asked: asked && { value: asked, flag: familyFlags[asked] },
    say: (family) => `is ${familyNames[family]}`,
  });
}

function seenFamily(evidence: FamilyEvidence): Seen<Family> {
  if (evidence.hasTwoTextEncoders) return certain("sdxl", "it has two text encoders");
  if (evidence.hasOpenClipNames) return certain("sd2", "its text encoder is OpenCLIP's");
  if (evidence.crossAttentionDim === 1024) return certain("sd2", "its text vectors are 1024 wide");
  if (evidence.crossAttentionDim === 768) return certain("sd1", "its text vectors are 768 wide");
  if (evidence.hasOpenClipNames === false) return certain("sd1", "its text encoder is OpenAI's");
  const activation = evidence.textEncoderConfig?.hidden_act;
  if (activation === "gelu") return certain("sd2", "its text encoder uses GELU, as OpenCLIP's does");
  if (activation === "quick_gelu") return certain("sd1", "its text encoder uses QuickGELU, as OpenAI's does");
  return evidence.projectionRank === 2
    ? likely("sd2", "its U-Net has linear projections")
    : likely("sd1", "nothing about it says otherwise");
}

interface PredictionEvidence {
  readonly family: Family;
  readonly schedulerConfig: Readonly<Record<string, unknown>> | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names in the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly unet: ReadonlyMap<string, StoredArray>;
}

/** What the U-Net predicts. asked: the user's setting. Source: Diffusers, loaders/single_file_utils.py; ComfyUI, supported_models.py; Stability AI, ModelSpec. @throws CHECKPOINT_CONTRADICTED */
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

/** Undefined if nothing indicates either. */
function seenPredictionType(evidence: PredictionEvidence): Seen<PredictionType> | undefined {
  const { family, schedulerConfig, metadata, names, globalStep, unet } = evidence;
  const ofScheduler = predictionTypeOf(schedulerConfig?.prediction_type);
  if (ofScheduler) return certain(ofScheduler, "scheduler_config.json says so");
  const ofMetadata = predictionTypeOf(metadata["modelspec.prediction_type"]);
  if (ofMetadata) return certain(ofMetadata, "its metadata says so");
  if (names.has("v_pred")) return certain("v_prediction", 'it has the marker tensor "v_pred"');
  if (family !== "sd2") return undefined;
  if (globalStep === undefined) return fromStatistics(unet);
  // Only the 512-pixel base model of SD2 was trained for exactly this many steps. Source: Diffusers' conversion of original checkpoints.
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

const foreignInputs: Readonly<Record<number, string>> = {
  5: "a depth-guided model",
  8: "an image-editing (instruct-pix2pix) model",
};

/** The U-Net's inputs, detected from its first convolution.
 *  @throws CHECKPOINT_INPAINTING unless the caller allows an inpainting model, CHECKPOINT_FOREIGN */
export function inputsOf({ tensors, where }: FoundComponent, { allowInpainting = false }): UNetInputKind {
  const channels = tensors.get("conv_in.weight")?.shape[1];
  // Without a first convolution the U-Net is incomplete, which is reported elsewhere.
  if (channels === undefined || channels === 4) return "latents";
  if (channels === 9 && allowInpainting) return "inpainting";
  if (channels === 9)
    throw new CoinageError(
      "CHECKPOINT_INPAINTING",
      `${where} is an inpainting model: its U-Net takes 9 channels (latents, a mask, the masked image) instead of 4.`,
      {
        hint: "Use the ordinary model that it was made from: a word trained with that one works in the inpainting model, too.",
      },
    );
  const kind = foreignInputs[channels] ?? "another kind of model";
  throw new CoinageError(
    "CHECKPOINT_FOREIGN",
    `${where} is ${kind}: its U-Net takes ${channels} channels instead of 4.`,
    { hint: "Only ordinary Stable Diffusion 1, 2 and XL base models are supported." },
  );
}
