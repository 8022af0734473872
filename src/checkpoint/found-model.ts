import { CoinageError } from "../errors/index.ts";
import type { Checkpoint, Family } from "./checkpoint.ts";
import { completeComponent, componentLabels, type FoundComponent, type Needs } from "./component.ts";
import { decideFamily, type FamilyEvidence } from "./family.ts";
import { inputsOf } from "./inputs.ts";
import type { OpenOptions } from "./open.ts";
import { decidePredictionType } from "./prediction-type.ts";

/** The networks of a model as a file or folder holds them, with what else it says, before anything is decided. */
export interface FoundModel extends Pick<Checkpoint, "path" | "layout" | "schedulerConfig" | "metadata"> {
  readonly unet: FoundComponent;
  readonly textEncoder: FoundComponent;
  readonly textEncoder2: FoundComponent | undefined;
  /** Looked for last, and not when another VAE takes its place: some models come without. */
  readonly vae: () => FoundComponent;
  readonly evidence: FamilyEvidence;
  /** Rank that the U-Net's projections have in a model of the family; undefined: as stored. */
  readonly projectionRank: (family: Family) => Needs["projectionRank"];
  /** Names of the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly hasZeroTerminalSnr: boolean;
}

/** Decides what the model is and gives each network exactly the tensors it needs.
 *  @throws CHECKPOINT_CONTRADICTED, CHECKPOINT_DTYPE, CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_INPAINTING */
export function completeModel(found: FoundModel, options: OpenOptions): Checkpoint {
  const { path, layout, textEncoder, textEncoder2, schedulerConfig, metadata, hasZeroTerminalSnr } = found;
  const inputs = inputsOf(found.unet, options);
  const warnings: string[] = [];
  const question = { where: path, warn: (text: string) => void warnings.push(text) };
  const family = decideFamily(found.evidence, options.family, question);
  const needs: Needs = { isSdxl: family.value === "sdxl", projectionRank: found.projectionRank(family.value) };
  if (needs.isSdxl && !textEncoder2)
    throw new CoinageError("CHECKPOINT_INCOMPLETE", `${path} has no ${componentLabels.textEncoder2}.`, {
      hint: "Models of Stable Diffusion XL have two text encoders; this one was not stored or downloaded completely.",
    });
  const unet = completeComponent(found.unet, needs);
  const evidence = { ...found, family: family.value, unet: unet.tensors };
  return {
    path,
    layout,
    family,
    predictionType: decidePredictionType(evidence, options.predictionType, question),
    inputs,
    hasZeroTerminalSnr,
    unet,
    vae: completeComponent(found.vae(), needs),
    textEncoder: completeComponent(textEncoder, needs),
    textEncoder2: needs.isSdxl ? textEncoder2 && completeComponent(textEncoder2, needs) : undefined,
    schedulerConfig,
    metadata,
    warnings,
  };
}
