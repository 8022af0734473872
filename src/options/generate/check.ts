import { type Checked, chosenSeed, missingSettings, type Parsed, type Rule, refuse, warnOf } from "../checked.ts";
import type { GivenGenerateSettings } from "./table.ts";

/** What drawing goes by. */
export type GenerateSettings = GivenGenerateSettings & { readonly pretrainedModelNameOrPath: string };

/** Checks the settings and fills in what follows from others, before anything is loaded.
 *  @throws SETTINGS_MISSING naming everything that is missing, SETTINGS_CONFLICT */
export function checkGenerateSettings(parsed: Parsed<GivenGenerateSettings>): Checked<GenerateSettings> {
  const given = parsed.settings;
  const { pretrainedModelNameOrPath } = given;
  const missing: string[] = [];
  if (!pretrainedModelNameOrPath) missing.push("--ckpt  the Stable Diffusion model");
  // A picture to start from can bring its prompt along in its metadata.
  const hasPrompts = [given.prompt, given.fromFile, given.imagePath].some(Boolean) || given.interactive;
  if (!hasPrompts) missing.push("--prompt or --from_file  what to draw");
  if (!pretrainedModelNameOrPath || missing.length > 0) throw missingSettings(missing, "Drawing");
  refuse(conflicts(given), parsed);
  const settings = {
    ...given,
    pretrainedModelNameOrPath,
    nIter: given.interactive ? 1 : given.nIter,
    seed: chosenSeed(given.seed),
  };
  return { settings, warnings: [...parsed.warnings, ...warnOf(surprises(given))] };
}

function conflicts(given: GivenGenerateSettings): Rule[] {
  const families = (["sdxl", "v1", "v2"] as const).filter((family) => given[family]);
  const sides = [...((given.width ?? 8) % 8 === 0 ? [] : ["W"]), ...((given.height ?? 8) % 8 === 0 ? [] : ["H"])];
  return [
    {
      when: families.length > 1,
      options: [families[0] ?? "v1", ...families.slice(1)],
      message: "A model is of one kind only.",
      hint: "Leave these flags out: the kind is found out from the weights.",
    },
    {
      when: sides.length > 0,
      options: [sides[0] ?? "W", ...sides.slice(1)],
      message: "Width and height are multiples of 8.",
    },
    {
      when: !isShare(given.strength ?? 0),
      options: ["strength"],
      message: "--strength lies between 0 and 1.",
    },
    {
      when: !isShare(given.highresFixStrength ?? 0),
      options: ["highres_fix_strength"],
      message: "--highres_fix_strength lies between 0 and 1.",
    },
    {
      when: !((given.highresFixScale ?? 1) > 0),
      options: ["highres_fix_scale"],
      message: "The first picture of a highres fix is a share of the final one, such as 0.5.",
    },
  ];
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function surprises(given: GivenGenerateSettings): Rule[] {
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
      message: "--n_iter is ignored: --interactive draws every prompt once.",
    },
    {
      when: given.negativeScale !== undefined && given.guidanceScale <= 1,
      options: ["negative_scale"],
      message: "--negative_scale is ignored: a --scale up to 1 means no guidance.",
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
      message: "--highres_fix_save_1st is ignored: with --highres_fix_latents_upscaling there is no first picture.",
    },
  ];
}
