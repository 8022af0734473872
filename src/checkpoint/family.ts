import type { Decided, Family } from "./checkpoint.ts";
import { certain, decide, likely, type Question, type Seen } from "./decide.ts";

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

export const familyNames: Readonly<Record<Family, string>> = {
  sd1: "Stable Diffusion 1",
  sd2: "Stable Diffusion 2",
  sdxl: "Stable Diffusion XL",
};

/** The flags by which sd-scripts is told the family. */
const familyFlags: Readonly<Record<Family, string>> = { sd1: "--v1", sd2: "--v2", sdxl: "--sdxl" };

/** The family of a model. asked: what the user says it is. @throws CHECKPOINT_CONTRADICTED */
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
  if (evidence.contextWidth === 1024) return certain("sd2", "its text vectors are 1024 wide");
  if (evidence.contextWidth === 768) return certain("sd1", "its text vectors are 768 wide");
  if (evidence.hasOpenClipNames === false) return certain("sd1", "its text encoder is OpenAI's");
  const activation = evidence.textEncoderConfig?.hidden_act;
  if (activation === "gelu") return certain("sd2", "its text encoder uses GELU, as OpenCLIP's does");
  if (activation === "quick_gelu") return certain("sd1", "its text encoder uses QuickGELU, as OpenAI's does");
  return evidence.projectionRank === 2
    ? likely("sd2", "its U-Net has linear projections")
    : likely("sd1", "nothing about it says otherwise");
}
