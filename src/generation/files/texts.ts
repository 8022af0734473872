import type { PngText } from "../../formats/png-text/index.ts";
import type { ModelFamily } from "../../models/index.ts";
import type { PlannedPicture } from "../prompts/plan.ts";
import type { PictureParameters, SizeConditions } from "../request.ts";
import { pythonFloat } from "./numbers.ts";

/** What is written into a picture besides its pixels. */
export interface PictureDescription {
  readonly planned: Pick<PlannedPicture, "rawPrompt" | "clipPrompt">;
  readonly parameters: PictureParameters;
  readonly family: ModelFamily;
  readonly modelName: string;
}

/** The texts of a picture: sd-scripts' keys in its order, then all in one as the web UIs read it. */
export function pictureTexts(description: PictureDescription): PngText[] {
  return [...sdScriptsTexts(description), { keyword: "parameters", text: webUiText(description) }];
}

/** differs from sd-scripts: the negative prompt is the picture's own, where it writes that of the batch's last picture; and the seed is the one
 *  given also for the small pictures of a highres fix, where it writes one less. */
function sdScriptsTexts({ planned, parameters, family }: PictureDescription): PngText[] {
  const { prompt, negativePrompt, seed, steps, sampling } = parameters;
  const { sampler, guidanceScale, negativeScale, sizeConditions = {} } = sampling;
  const texts: [string, string | undefined][] = [
    ["prompt", prompt],
    ["seed", String(seed)],
    ["sampler", sampler],
    ["steps", String(steps)],
    ["scale", pythonFloat(guidanceScale)],
    ["negative-prompt", negativePrompt],
    ["negative-scale", negativeScale === undefined ? undefined : pythonFloat(negativeScale)],
    ["clip-prompt", planned.clipPrompt],
    ["raw-prompt", planned.rawPrompt],
    ...(family === "sdxl" ? sizeTexts(sizeConditions) : []),
  ];
  return texts.flatMap(([keyword, text]) => (text === undefined ? [] : [{ keyword, text }]));
}

function sizeTexts(conditions: SizeConditions): [string, string][] {
  const names: readonly (readonly [string, keyof SizeConditions])[] = [
    ["original-height", "originalHeight"],
    ["original-width", "originalWidth"],
    ["original-height-negative", "originalHeightNegative"],
    ["original-width-negative", "originalWidthNegative"],
    ["crop-top", "cropTop"],
    ["crop-left", "cropLeft"],
  ];
  return names.map(([keyword, name]) => [keyword, conditions[name] === undefined ? "None" : String(conditions[name])]);
}

/** Names under which the web UIs know samplers. */
const webUiSamplers: Readonly<Record<string, string>> = {
  ddim: "DDIM",
  pndm: "PLMS",
  lms: "LMS",
  euler: "Euler",
  euler_a: "Euler a",
  heun: "Heun",
  dpm_2: "DPM2",
  dpm_2_a: "DPM2 a",
  "dpmsolver++": "DPM++ 2M",
  unipc: "UniPC",
  lcm: "LCM",
};

function webUiText({ parameters, modelName }: PictureDescription): string {
  const { prompt, negativePrompt, seed, steps, width, height, sampling } = parameters;
  const { sampler, guidanceScale, clipSkip } = sampling;
  const settings = [
    `Steps: ${steps}`,
    `Sampler: ${webUiSamplers[sampler.replace(/^k_/, "")] ?? sampler}`,
    `CFG scale: ${guidanceScale}`,
    `Seed: ${seed}`,
    `Size: ${width}x${height}`,
    `Model: ${/[,:"\n]/.test(modelName) ? JSON.stringify(modelName) : modelName}`,
    ...(clipSkip === undefined ? [] : [`Clip skip: ${clipSkip}`]),
    "Version: coinage",
  ];
  const negative = negativePrompt ? [`Negative prompt: ${negativePrompt}`] : [];
  return [prompt, ...negative, settings.join(", ")].join("\n");
}
