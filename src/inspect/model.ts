import {
  type Component,
  type ComponentName,
  componentsOfFolder,
  componentsOfNames,
  type ModelSurvey,
  missingFiles,
  surveyCheckpoint,
  type WeightFile,
} from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type ComponentInspection, type ModelInspection, problemOf } from "./inspection.ts";
import { countDTypes } from "./tensors.ts";

/** A single-file model, complete or not. */
export async function inspectModelFile(path: string, bytes: number, file: WeightFile): Promise<ModelInspection> {
  const found = componentsOfNames([...file.tensors.keys(), ...file.unusable.keys()]);
  const { container, metadata } = file;
  const needed: readonly ComponentName[] = ["unet", "vae", "textEncoder"];
  const missing = needed.filter((name) => !found.includes(name));
  return inspectModel({ kind: "model", path, bytes, layout: "single-file", container, metadata, missing }, found);
}

/** A Diffusers folder, complete or not. */
export async function inspectModelFolder(path: string, bytes: number): Promise<ModelInspection> {
  const about = { kind: "model", path, bytes, layout: "diffusers", container: "folder", metadata: {} } as const;
  return inspectModel({ ...about, missing: missingIn(path) }, componentsOfFolder(path));
}

/** What the folder lacks; a damaged file is reported when it is opened. */
function missingIn(folder: string): string[] {
  try {
    return missingFiles(folder, "model");
  } catch (error) {
    problemOf(error);
    return [];
  }
}

type About = Pick<ModelInspection, "kind" | "path" | "bytes" | "layout" | "container" | "metadata" | "missing">;

async function inspectModel(about: About, found: readonly ComponentName[]): Promise<ModelInspection> {
  const survey: ModelSurvey = await surveyCheckpoint(about.path).catch((error: unknown) => {
    if (!(error instanceof CoinageError)) throw error;
    return { components: {}, problems: [error] };
  });
  const { family, predictionType, inputs, components } = survey;
  return {
    ...about,
    problems: survey.problems.map(problemOf),
    family,
    predictionType,
    inputs,
    pieces: inspectComponents(components, found),
  };
}

function inspectComponents(
  complete: ModelSurvey["components"],
  found: readonly ComponentName[],
): ModelInspection["pieces"] {
  const inspected = (name: ComponentName): ComponentInspection | undefined => {
    const component = complete[name];
    if (component) return inspectComplete(component);
    return found.includes(name) ? { isComplete: false, dtypes: {}, parameters: 0 } : undefined;
  };
  return {
    unet: inspected("unet"),
    vae: inspected("vae"),
    textEncoder: inspected("textEncoder"),
    textEncoder2: inspected("textEncoder2"),
  };
}

function inspectComplete({ tensors }: Component): ComponentInspection {
  const dtypes = countDTypes(tensors.values());
  const parameters = Object.values(dtypes).reduce((sum, { elements }) => sum + elements, 0);
  return { isComplete: true, dtypes, parameters };
}
