import { CoinageError } from "../errors/index.ts";
import type { Checkpoint, ComponentName, Family } from "./checkpoint.ts";
import { completeComponent, componentLabels, type FoundComponent, type Needs, warnOfUnknown } from "./component.ts";
import { decideFamily, type FamilyEvidence } from "./family.ts";
import { inputsOf } from "./inputs.ts";
import type { OpenOptions } from "./open.ts";
import { decidePredictionType } from "./prediction-type.ts";

/** A file or folder that is a model, before anything is decided about it. */
export interface FoundModel extends Pick<Checkpoint, "path" | "layout" | "schedulerConfig" | "metadata"> {
  /** Look for a network each. @throws when it is not there or of a kind that is not supported */
  readonly find: Readonly<Record<ComponentName, () => FoundComponent>>;
  readonly hasTwoTextEncoders: boolean;
  /** Rank that the U-Net's projections have in a model of the family; undefined: as stored. */
  readonly projectionRank: (family: Family) => Needs["projectionRank"];
  /** Names of the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly hasZeroTerminalSnr: boolean;
}

/** Decides what the model is and gives each network exactly the tensors it needs. Its VAE is looked for last: some models come without.
 *  @throws CHECKPOINT_CONTRADICTED, CHECKPOINT_DTYPE, CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_INPAINTING */
export function completeModel(found: FoundModel, options: OpenOptions): Checkpoint {
  const { path, layout, find, schedulerConfig, metadata, hasZeroTerminalSnr } = found;
  const warnings: string[] = [];
  const question = { where: path, warn: (text: string) => void warnings.push(text) };
  const foundUnet = find.unet();
  const textEncoder = find.textEncoder();
  const inputs = inputsOf(foundUnet, options);
  const family = decideFamily(familyEvidence(found, foundUnet, textEncoder), options.family, question);
  const needs = needsOf(found, family.value);
  const complete = (component: FoundComponent) => {
    const completed = completeComponent(component, needs);
    warnings.push(...warnOfUnknown(component, completed));
    return completed;
  };
  const unet = complete(foundUnet);
  const evidence = { ...found, family: family.value, unet: unet.tensors };
  return {
    path,
    layout,
    family,
    predictionType: decidePredictionType(evidence, options.predictionType, question),
    inputs,
    hasZeroTerminalSnr,
    unet,
    textEncoder: complete(textEncoder),
    textEncoder2: needs.isSdxl ? complete(find.textEncoder2()) : undefined,
    vae: complete(find.vae()),
    schedulerConfig,
    metadata,
    warnings,
  };
}

/** What a model that may lack something shows of itself. */
export interface ModelSurvey extends Partial<Pick<Checkpoint, "family" | "predictionType" | "inputs">> {
  /** Those that are complete. */
  readonly components: Partial<Pick<Checkpoint, ComponentName>>;
  /** What hinders its use. */
  readonly problems: readonly CoinageError[];
}

/** Finds out as much as there is to find out. Never fails on an incomplete model. */
export function surveyModel(found: FoundModel): ModelSurvey {
  const problems: CoinageError[] = [];
  const attempt = <Result>(read: () => Result): Result | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const { find } = found;
  const question = { where: found.path, warn: () => {} };
  const unet = attempt(find.unet);
  const textEncoder = attempt(find.textEncoder);
  const inputs = unet && attempt(() => inputsOf(unet, { allowInpainting: true }));
  const family = decideFamily(familyEvidence(found, unet, textEncoder), undefined, question);
  const needs = needsOf(found, family.value);
  const complete = (component: FoundComponent | undefined) =>
    component && attempt(() => completeComponent(component, needs));
  const components = {
    unet: complete(unet),
    textEncoder: complete(textEncoder),
    textEncoder2: needs.isSdxl ? complete(attempt(find.textEncoder2)) : undefined,
    vae: complete(attempt(find.vae)),
  };
  const evidence = { ...found, family: family.value, unet: components.unet?.tensors ?? new Map() };
  return {
    ...(unet && textEncoder && { family, predictionType: decidePredictionType(evidence, undefined, question) }),
    ...(inputs && { inputs }),
    components: Object.fromEntries(Object.entries(components).filter(([, component]) => component)),
    problems,
  };
}

function needsOf(found: FoundModel, family: Family): Needs {
  return { isSdxl: family === "sdxl", projectionRank: found.projectionRank(family) };
}

function familyEvidence(
  { layout, hasTwoTextEncoders }: FoundModel,
  unet: FoundComponent | undefined,
  textEncoder: FoundComponent | undefined,
): FamilyEvidence {
  return {
    hasTwoTextEncoders,
    hasOpenClipNames: layout === "single-file" ? textEncoder?.spelling === "openclip" : undefined,
    textEncoderConfig: textEncoder?.config,
    contextWidth: unet && shapeIn(unet, "attn2.to_k.weight")?.[1],
    projectionRank: unet && shapeIn(unet, ".proj_in.weight")?.length,
  };
}

/** The shape of the first tensor whose name ends so. */
function shapeIn({ tensors }: FoundComponent, ending: string): readonly number[] | undefined {
  for (const [name, { shape }] of tensors) if (name.endsWith(ending)) return shape;
  return undefined;
}

/** A network that is not there at all. */
export function missingComponent(name: ComponentName, where: string, what = ""): CoinageError {
  return new CoinageError("CHECKPOINT_INCOMPLETE", `${where} has no ${componentLabels[name]}${what}.`, {
    hint:
      name === "vae"
        ? "Give a VAE with --vae, or a whole model."
        : "The model was not stored or downloaded completely. Give a whole one: U-Net, VAE and text encoders.",
  });
}
