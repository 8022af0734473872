import type { OptionTable } from "../option.ts";
import { ownSamplers, sdScriptsSamplers } from "../shared.ts";

export const samplingOptions = {
  W: {
    type: "int",
    setting: "width",
    minimum: 8,
    effect: "numbers",
    help: "Width, a multiple of 8; 512 unless said, for SDXL 1024.",
  },
  H: {
    type: "int",
    setting: "height",
    minimum: 8,
    effect: "numbers",
    help: "Height, a multiple of 8; 512 unless said, for SDXL 1024.",
  },
  batch_size: { type: "int", minimum: 1, default: 1, effect: "speed", help: "Pictures computed at once." },
  steps: { type: "int", minimum: 1, default: 50, effect: "numbers", help: "Sampling steps." },
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
    help: "Guidance: how closely the prompt is followed. Up to 1 there is none.",
  },
  negative_scale: { type: "float", effect: "numbers", help: "Guidance of its own for the negative prompt." },
  seed: {
    type: "int",
    effect: "numbers",
    help: "Start of all random numbers. Without one, or with -1, every run is different.",
  },
  iter_same_seed: {
    type: "switch",
    effect: "numbers",
    help: "The same seed for all pictures of one time through the prompts.",
  },
  pyramid_noise_prob: { type: "float", effect: "numbers", help: "How often coarser noise is added to the start." },
  pyramid_noise_discount_range: {
    type: "float",
    count: 2,
    effect: "numbers",
    help: "How much weaker each coarser level is: drawn between these two.",
  },
  noise_offset_prob: {
    type: "float",
    effect: "numbers",
    help: "How often a noise that is constant over each channel is added.",
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
    help: "Width the model is told the picture had; the real one unless said.",
  },
  original_height: { type: "int", effect: "numbers", help: "Height the model is told the picture had." },
  original_width_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  original_height_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  crop_left: { type: "int", effect: "numbers", help: "Left edge the model is told was cut away; 0 unless said." },
  crop_top: { type: "int", effect: "numbers", help: "Upper edge the model is told was cut away." },
} as const satisfies OptionTable;

export const imageToImageOptions = {
  image_path: {
    type: "string",
    effect: "numbers",
    help: "Picture, or folder of pictures, to start from.",
  },
  mask_path: {
    type: "string",
    effect: "numbers",
    help: "Mask, or folder of masks: what is white is drawn anew.",
  },
  strength: {
    type: "float",
    effect: "numbers",
    help: "How much of the picture is drawn anew, 0 to 1; 0.8 unless said.",
  },
  force_scheduler_zero_steps_offset: {
    type: "switch",
    effect: "numbers",
    help: "Begin at exactly the timestep the strength says.",
  },
} as const satisfies OptionTable;

export const highresOptions = {
  highres_fix_scale: {
    type: "float",
    effect: "numbers",
    help: "Draw at this share of the size first, enlarge that and draw on.",
  },
  highres_fix_steps: {
    type: "int",
    minimum: 1,
    default: 28,
    effect: "numbers",
    help: "Sampling steps of the small picture.",
  },
  highres_fix_strength: {
    type: "float",
    effect: "numbers",
    help: "Strength for the small picture; as --strength unless said.",
  },
  highres_fix_save_1st: {
    type: "switch",
    effect: "files",
    help: "Write the small pictures too.",
  },
  highres_fix_latents_upscaling: {
    type: "switch",
    effect: "numbers",
    help: "Enlarge latents instead of the picture.",
  },
  highres_fix_upscaler: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "upscalers are Python modules, and no Python runs here",
    help: "Python module that enlarges.",
  },
  highres_fix_upscaler_args: {
    type: "string",
    effect: "accepted-without-effect",
    note: "it belongs to --highres_fix_upscaler",
    help: "Settings of that module.",
  },
  highres_fix_disable_control_net: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "there is no ControlNet to turn off",
    help: "No ControlNet for the large picture.",
  },
} as const satisfies OptionTable;
