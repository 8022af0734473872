import { type Checked, chosenSeed, missingSettings, type Parsed, type Rule, refuse, warnOf } from "../checked.ts";
import type { GivenGenerateSettings } from "./table.ts";

/** Settings of a generation run, complete and consistent. */
export type GenerateSettings = GivenGenerateSettings & { readonly pretrainedModelNameOrPath: string };

/** Checks the settings and derives those that follow from others, before anything is loaded.
 *  @throws SETTINGS_MISSING naming everything that is missing, SETTINGS_CONFLICT */
export function checkGenerateSettings(parsed: Parsed<GivenGenerateSettings>): Checked<GenerateSettings> {
  const given = parsed.settings;
  const { pretrainedModelNameOrPath } = given;
  const missing: string[] = [];
  if (!pretrainedModelNameOrPath) missing.push("--ckpt  the Stable Diffusion model");
  // an input image can have a prompt in its metadata
  const hasPrompts = [given.prompt, given.fromFile, given.imagePath].some(Boolean) || given.interactive;
  if (!hasPrompts) missing.push("--prompt or --from_file  what to generate");
  if (!pretrainedModelNameOrPath || missing.length > 0) throw missingSettings(missing, "Generation");
  refuse(conflicts(given), parsed);
  const settings = {
    ...given,
    pretrainedModelNameOrPath,
    nIter: given.interactive ? 1 : given.nIter,
    seed: chosenSeed(given.seed),
  };
  return { settings, warnings: [...parsed.warnings, ...warnOf(warningRules(given))] };
}

function conflicts(given: GivenGenerateSettings): Rule[] {
  const families = (["sdxl", "v1", "v2"] as const).filter((family) => given[family]);
  const sides = [...((given.width ?? 8) % 8 === 0 ? [] : ["W"]), ...((given.height ?? 8) % 8 === 0 ? [] : ["H"])];
  return [
    {
      when: families.length > 1,
      options: [families[0] ?? "v1", ...families.slice(1)],
      message: "A model is of one kind only.",
      hint: "Leave these flags out: the kind of model is detected from the weights.",
    },
    {
      when: sides.length > 0,
      options: [sides[0] ?? "W", ...sides.slice(1)],
      message: "Width and height must be multiples of 8.",
    },
    {
      when: !isShare(given.strength ?? 0),
      options: ["strength"],
      message: "--strength must be between 0 and 1.",
    },
    {
      when: !isShare(given.highresFixStrength ?? 0),
      options: ["highres_fix_strength"],
      message: "--highres_fix_strength must be between 0 and 1.",
    },
    {
      when: !((given.highresFixScale ?? 1) > 0),
      options: ["highres_fix_scale"],
      message:
        "--highres_fix_scale must be above 0, for example 0.5: the size of the first pass as a fraction of the final size.",
    },
  ];
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function warningRules(given: GivenGenerateSettings): Rule[] {
  const { interactive, prompt, fromFile, imagePath, highresFixScale } = given;
  const startsFromPicture = imagePath !== undefined || highresFixScale !== undefined;
  return [
    {
      when: prompt !== undefined && (interactive || fromFile !== undefined),
      options: ["prompt"],
      message: `--prompt is ignored: the prompts come from ${interactive ? "--interactive" : "--from_file"}.`,
    },
    {
      when: fromFile !== undefined && interactive,
      options: ["from_file"],
      message: "--from_file is ignored: the prompts come from --interactive.",
    },
    {
      when: given.nIter > 1 && interactive,
      options: ["n_iter"],
      message: "--n_iter is ignored: --interactive generates every prompt once.",
    },
    {
      when: given.negativeScale !== undefined && given.guidanceScale <= 1,
      options: ["negative_scale"],
      message: "--negative_scale is ignored: a --scale of 1 or less means no guidance.",
    },
    {
      when: given.maskPath !== undefined && imagePath === undefined,
      options: ["mask_path"],
      message: "--mask_path is ignored: it needs --image_path.",
    },
    {
      when: given.strength !== undefined && !startsFromPicture,
      options: ["strength"],
      message: "--strength is ignored: it needs --image_path.",
    },
    {
      when: given.highresFixSave1st && given.highresFixLatentsUpscaling,
      options: ["highres_fix_save_1st"],
      message: "--highres_fix_save_1st is ignored: with --highres_fix_latents_upscaling the first pass makes no image.",
    },
  ];
}
