import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { hintOfMissing, kindOfPath } from "../files/index.ts";
import type { Checkpoint, ComponentName, Family, OpenOptions } from "./checkpoint.ts";
import { completeComponent, type FoundComponent, type FoundModel, type Needs, warnOfUnknown } from "./component.ts";
import { decideFamily, decidePredictionType, type FamilyEvidence, inputsOf } from "./detect.ts";
import { findInFolder, findVaeFolder } from "./diffusers-folder.ts";
import { isFolder, readConfig } from "./folder-weights.ts";
import { findInSingleFile, vaeFromSingleFile } from "./single-file.ts";
import { readWeightFile } from "./weight-file.ts";

/** Opens a model: a Diffusers folder, a .safetensors file or a .ckpt. Reads names and places, no weights.
 *  @throws FILE_NOT_FOUND, CHECKPOINT_CONTRADICTED, CHECKPOINT_UNREADABLE, CHECKPOINT_INCOMPLETE, CHECKPOINT_INPAINTING, CHECKPOINT_FOREIGN,
 *  CHECKPOINT_DTYPE, SAFETENSORS_INVALID, TORCH_FILE_INVALID, PICKLE_REFUSED */
export async function openCheckpoint(target: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const found = await findModel(target, options.variant);
  const { vae, variant } = options;
  const find = vae === undefined ? found.find : { ...found.find, vae: () => findVae(vae, variant) };
  return completeModel({ ...found, find }, options);
}

/** What can be found out about a model even if it cannot be opened.
 *  @throws FILE_NOT_FOUND, CHECKPOINT_FOREIGN, CHECKPOINT_UNREADABLE and the errors of reading its files, if it is not a model at all */
export async function surveyCheckpoint(target: string): Promise<ModelSurvey> {
  return surveyModel(await findModel(target, undefined));
}

async function findModel(target: string, variant: string | undefined): Promise<FoundModel> {
  const absolute = path.resolve(target);
  const kind = await kindOfPath(absolute);
  if (kind === "nothing") throw notFound(target);
  return kind === "folder" ? findInFolder(absolute, variant) : findInSingleFile(absolute);
}

function findVae(target: string, variant: string | undefined): FoundComponent {
  const absolute = path.resolve(target);
  if (!isFolder(absolute)) return vaeFromSingleFile(readWeightFile(absolute), absolute);
  const isVaeFolder = readConfig(path.join(absolute, "config.json")) !== undefined;
  return findVaeFolder(isVaeFolder ? absolute : path.join(absolute, "vae"), variant);
}

function notFound(target: string): CoinageError {
  return new CoinageError("FILE_NOT_FOUND", `${path.resolve(target)} does not exist.`, {
    ...hintOfMissing(
      target,
      "Give a .safetensors or .ckpt file, a Diffusers folder, or the name of a model on the Hugging Face hub.",
    ),
  });
}

/** Decides what the model is and gives each network exactly the tensors it needs. The VAE is last: some models lack one.
 *  @throws CHECKPOINT_CONTRADICTED, CHECKPOINT_DTYPE, CHECKPOINT_FOREIGN, CHECKPOINT_INCOMPLETE, CHECKPOINT_INPAINTING */
function completeModel(found: FoundModel, options: OpenOptions): Checkpoint {
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

/** What is known about a model that may be incomplete. */
export interface ModelSurvey extends Partial<Pick<Checkpoint, "family" | "predictionType" | "inputs">> {
  /** The complete ones. */
  readonly components: Partial<Pick<Checkpoint, ComponentName>>;
  /** Why it cannot be used. */
  readonly problems: readonly CoinageError[];
}

/** Detects as much as possible. Never fails on an incomplete model. */
function surveyModel(found: FoundModel): ModelSurvey {
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
    crossAttentionDim: unet && shapeIn(unet, "attn2.to_k.weight")?.[1],
    projectionRank: unet && shapeIn(unet, ".proj_in.weight")?.length,
  };
}

/** The shape of the first tensor whose name has this ending. */
function shapeIn({ tensors }: FoundComponent, ending: string): readonly number[] | undefined {
  for (const [name, { shape }] of tensors) if (name.endsWith(ending)) return shape;
  return undefined;
}
