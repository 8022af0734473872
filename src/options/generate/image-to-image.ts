import type { OptionTable } from "../option.ts";

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
