import type { Family } from "../checkpoint/index.ts";
import type { PredictionType } from "../diffusion/index.ts";

/** Inputs for the metadata of a saved embedding. Values as on sd-scripts' command line. */
export interface ModelSpecInputs {
  readonly family: Family;
  /** "v_prediction" with `--v_parameterization`. */
  readonly predictionType: PredictionType;
  /** `--metadata_title`, else the output name. */
  readonly title: string | undefined;
  /** Time of saving; written in local time. */
  readonly date: Date;
  /** `--resolution`: "512" or "512,768" (width, height). */
  readonly resolution?: string | undefined;
  readonly minTimestep?: number | undefined;
  readonly maxTimestep?: number | undefined;
  readonly clipSkip?: number | undefined;
  /** Program and version: "coinage/0.1.0". */
  readonly implementationVersion: string;
  /** `--metadata_author` and its siblings: author, description, license, tags, usage_hint, thumbnail (a data: URL), merged_from,
   *  trigger_phrase, preprocessor, is_negative_embedding. Omitted if undefined. */
  readonly descriptions?: Readonly<Partial<Record<DescriptionKey, string | undefined>>>;
}

type DescriptionKey =
  | "author"
  | "description"
  | "license"
  | "tags"
  | "usage_hint"
  | "thumbnail"
  | "merged_from"
  | "trigger_phrase"
  | "preprocessor"
  | "is_negative_embedding";

/** The `modelspec.*` metadata that sd-scripts writes into a .safetensors embedding. Source: sd-scripts library/sai_model_spec.py, build_metadata. */
export function modelSpecMetadata(inputs: ModelSpecInputs): Record<string, string> {
  const { family, predictionType, date, minTimestep, maxTimestep, clipSkip, descriptions = {} } = inputs;
  const metadata: Record<string, string> = {
    "modelspec.sai_model_spec": "1.0.1",
    "modelspec.architecture": `${architecture(family, predictionType)}/textual-inversion`,
    "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
    "modelspec.implementation_version": inputs.implementationVersion,
    "modelspec.title": inputs.title ?? `TextualInversion@${date.getTime() / 1000}`,
    "modelspec.resolution": resolutionText(inputs.resolution) ?? defaultResolution(family, predictionType),
    "modelspec.date": localTime(date),
    "modelspec.prediction_type": predictionType === "v_prediction" ? "v" : "epsilon",
  };
  if (minTimestep !== undefined || maxTimestep !== undefined)
    metadata["modelspec.timestep_range"] = `${minTimestep ?? 0},${maxTimestep ?? 1000}`;
  if (clipSkip !== undefined) metadata["modelspec.encoder_layer"] = String(clipSkip);
  for (const [key, text] of Object.entries(descriptions)) if (text) metadata[`modelspec.${key}`] = text;
  return metadata;
}

function architecture(family: Family, predictionType: PredictionType): string {
  if (family === "sdxl") return "stable-diffusion-xl-v1-base";
  if (family === "sd1") return "stable-diffusion-v1";
  return predictionType === "v_prediction" ? "stable-diffusion-v2-768-v" : "stable-diffusion-v2-512";
}

function defaultResolution(family: Family, predictionType: PredictionType): string {
  if (family === "sdxl") return "1024x1024";
  return family === "sd2" && predictionType === "v_prediction" ? "768x768" : "512x512";
}

function resolutionText(resolution: string | undefined): string | undefined {
  if (!resolution) return undefined;
  const [width, height = width] = resolution.split(",").map((side) => side.trim());
  return `${width}x${height}`;
}

/** YYYY-MM-DDThh:mm:ss in local time, without a zone. */
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
