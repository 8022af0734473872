import type { OptionTable } from "../option.ts";
import { ownSamplers, sdScriptsSamplers } from "../shared.ts";

export const samplingOptions = {
  W: {
    type: "int",
    setting: "width",
    minimum: 8,
    effect: "numbers",
    help: "Width in pixels, a multiple of 8. Default: 512, for SDXL 1024.",
  },
  H: {
    type: "int",
    setting: "height",
    minimum: 8,
    effect: "numbers",
    help: "Height in pixels, a multiple of 8. Default: 512, for SDXL 1024.",
  },
  batch_size: { type: "int", minimum: 1, default: 1, effect: "speed", help: "Number of images generated at once." },
  steps: { type: "int", minimum: 1, default: 50, effect: "numbers", help: "Number of sampling steps." },
  sampler: {
    type: "string",
    choices: [...sdScriptsSamplers, ...ownSamplers],
    default: "ddim",
    effect: "numbers",
    help: "Sampler. Those from dpmpp_2m_karras on are not in sd-scripts.",
  },
  scale: {
    type: "float",
    setting: "guidanceScale",
    default: 7.5,
    effect: "numbers",
    help: "Guidance scale: how closely the prompt is followed. 1 or less means no guidance.",
  },
  negative_scale: { type: "float", effect: "numbers", help: "Separate guidance scale for the negative prompt." },
  seed: {
    type: "int",
    effect: "numbers",
    help: "Seed of all random numbers. Without one, or with -1, every run is different.",
  },
  iter_same_seed: {
    type: "switch",
    effect: "numbers",
    help: "Use the same seed for all images of one pass through the prompts.",
  },
  pyramid_noise_prob: {
    type: "float",
    effect: "numbers",
    help: "Probability of adding coarser noise to the initial noise (pyramid noise).",
  },
  pyramid_noise_discount_range: {
    type: "float",
    count: 2,
    effect: "numbers",
    help: "Factor by which each coarser level is weaker: drawn between these two.",
  },
  noise_offset_prob: {
    type: "float",
    effect: "numbers",
    help: "Probability of adding noise that is constant over each channel.",
  },
  noise_offset_range: {
    type: "float",
    count: 2,
    effect: "numbers",
    help: "Strength of that noise: drawn between these two.",
  },
} as const satisfies OptionTable;

export const sizeConditionOptions = {
  original_width: {
    type: "int",
    effect: "numbers",
    help: "Original width for SDXL's size conditioning. Default: the image's width.",
  },
  original_height: {
    type: "int",
    effect: "numbers",
    help: "Original height for SDXL's size conditioning. Default: the image's height.",
  },
  original_width_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  original_height_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  crop_left: { type: "int", effect: "numbers", help: "Left crop coordinate for SDXL's size conditioning. Default: 0." },
  crop_top: { type: "int", effect: "numbers", help: "Top crop coordinate for SDXL's size conditioning. Default: 0." },
} as const satisfies OptionTable;

export const imageToImageOptions = {
  image_path: {
    type: "string",
    effect: "numbers",
    help: "Image, or folder of images, to start from (image to image).",
  },
  mask_path: {
    type: "string",
    effect: "numbers",
    help: "Mask, or folder of masks: white areas are generated anew (inpainting).",
  },
  strength: { type: "float", effect: "numbers", help: "How much of the image is changed, 0 to 1. Default: 0.8." },
  force_scheduler_zero_steps_offset: {
    type: "switch",
    effect: "numbers",
    help: "Start at exactly the timestep given by the strength.",
  },
} as const satisfies OptionTable;

export const highresOptions = {
  highres_fix_scale: {
    type: "float",
    effect: "numbers",
    help: "Generate at this fraction of the size first, then enlarge and refine the result.",
  },
  highres_fix_steps: {
    type: "int",
    minimum: 1,
    default: 28,
    effect: "numbers",
    help: "Number of sampling steps of the first pass.",
  },
  highres_fix_strength: { type: "float", effect: "numbers", help: "Strength of the first pass. Default: --strength." },
  highres_fix_save_1st: { type: "switch", effect: "files", help: "Also write the images of the first pass." },
  highres_fix_latents_upscaling: {
    type: "switch",
    effect: "numbers",
    help: "Enlarge the latents instead of the image.",
  },
  highres_fix_upscaler: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "upscalers are Python modules, and coinage runs no Python",
    help: "Python module of an upscaler.",
  },
  highres_fix_upscaler_args: {
    type: "string",
    effect: "accepted-without-effect",
    note: "it belongs to --highres_fix_upscaler",
    help: "Arguments of that module.",
  },
  highres_fix_disable_control_net: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "ControlNet is not supported, so there is nothing to turn off",
    help: "Use no ControlNet in the second pass.",
  },
} as const satisfies OptionTable;
