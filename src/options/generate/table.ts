import type { OptionGroup } from "../option.ts";
import { ownGenerateOptions, ownOptions } from "../own.ts";
import type { SettingsOf } from "../settings.ts";
import { consoleOptions } from "../shared.ts";
import { generateModelOptions, generateSpeedOptions, pictureFileOptions, promptOptions } from "./prompts-and-model.ts";
import { highresOptions, imageToImageOptions, samplingOptions, sizeConditionOptions } from "./sampling.ts";
import { controlOptions, networkOptions, shrinkOptions } from "./unsupported.ts";

/** Every flag of `coinage generate`: those of sd-scripts' `gen_img.py` and `gen_img_diffusers.py`, and coinage's own. */
export const generateTable = {
  ...promptOptions,
  ...generateModelOptions,
  ...samplingOptions,
  ...sizeConditionOptions,
  ...pictureFileOptions,
  ...imageToImageOptions,
  ...highresOptions,
  ...generateSpeedOptions,
  ...consoleOptions,
  ...networkOptions,
  ...controlOptions,
  ...shrinkOptions,
  ...ownOptions,
  ...ownGenerateOptions,
};

/** The same flags in groups, for help and docs. */
export const generateGroups: readonly OptionGroup[] = [
  { title: "Prompts", options: promptOptions },
  { title: "Model and embeddings", options: generateModelOptions },
  { title: "Sampling", options: samplingOptions },
  { title: "SDXL size conditioning", options: sizeConditionOptions },
  { title: "Files", options: pictureFileOptions },
  { title: "Image to image", options: imageToImageOptions },
  { title: "Large images (highres fix)", options: highresOptions },
  { title: "Precision, speed and memory", options: generateSpeedOptions },
  { title: "Console", options: consoleOptions },
  { title: "LoRA and other networks", options: networkOptions },
  { title: "ControlNet and other guidance", options: controlOptions },
  { title: "Deep Shrink and Gradual Latent", options: shrinkOptions },
  { title: "Not in sd-scripts", options: { ...ownOptions, ...ownGenerateOptions } },
];

/** Settings from a command line, before the checks. */
export type GivenGenerateSettings = SettingsOf<typeof generateTable>;
