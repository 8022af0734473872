import type { PngText } from "../../formats/png-text/index.ts";
import type { ModelFamily } from "../../models/index.ts";
import type { ImageParameters, SizeConditions } from "../../pipeline/index.ts";
import type { PlannedImage } from "../prompts/plan.ts";

/** Data for the texts in an image file. */
interface ImageDescription {
  readonly planned: Pick<PlannedImage, "rawPrompt" | "clipPrompt">;
  readonly parameters: ImageParameters;
  readonly family: ModelFamily;
  readonly modelName: string;
}

/** The texts of an image: sd-scripts' keys in its order, then one text in the web UIs' format. */
export function imageTexts(description: ImageDescription): PngText[] {
  return [...sdScriptsTexts(description), { keyword: "parameters", text: webUiText(description) }];
}

/** differs from sd-scripts: the negative prompt in a PNG file is that of the last image in the batch.
 *  coinage: the negative prompt is the image's own.
 *  because: the texts are to say how to generate the image again. */
function sdScriptsTexts({ planned, parameters, family }: ImageDescription): PngText[] {
  const { prompt, negativePrompt, seed, steps, sampling } = parameters;
  const { sampler, guidanceScale, negativeScale, sizeConditions = {} } = sampling;
  const texts: [string, string | undefined][] = [
    ["prompt", prompt],
    // differs from sd-scripts: the seed in the PNG file of a highres fix's small image is one less than the one it was generated with.
    // coinage: the seed in the file is the one that the image was generated with.
    // because: the texts are to say how to generate the image again.
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

/** The web UIs' names of samplers. */
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

function webUiText({ parameters, modelName }: ImageDescription): string {
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

/** A float as Python prints it: 5.0, 7.5, 1e-05. */
export function pythonFloat(value: number): string {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
