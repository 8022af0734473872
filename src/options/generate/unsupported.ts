import type { OptionTable } from "../option.ts";

// Flags of sd-scripts' generator that coinage refuses, by the reason in the error.

const network = {
  effect: "numbers",
  state: "refused",
  note: "LoRA and other networks are not supported yet; merge them into the model first",
} as const;

const controlNet = {
  effect: "numbers",
  state: "refused",
  note: "ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the embeddings",
} as const;

const guidance = {
  effect: "numbers",
  state: "refused",
  note: "only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger",
} as const;

const deepShrink = {
  effect: "numbers",
  state: "refused",
  note: "Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes",
} as const;

const gradualLatent = {
  effect: "numbers",
  state: "refused",
  note: "Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes",
} as const;

export const networkOptions = {
  network_module: { ...network, type: "string", count: "any", help: "Modules of the networks." },
  network_weights: { ...network, type: "string", count: "any", help: "Files of the networks." },
  network_mul: { ...network, type: "float", count: "any", help: "Strength of each." },
  network_args: { ...network, type: "string", count: "any", help: "Arguments of each, as key=value." },
  network_show_meta: { ...network, type: "switch", effect: "display", help: "Show their metadata." },
  network_merge: { ...network, type: "switch", effect: "speed", help: "Merge them into the model's weights." },
  network_merge_n_models: {
    ...network,
    type: "int",
    effect: "speed",
    help: "Merge only the first N into the model's weights.",
  },
  network_pre_calc: { ...network, type: "switch", effect: "speed", help: "Precompute their weights." },
  network_regional_mask_max_color_codes: {
    ...network,
    type: "int",
    help: "Number of colours in a mask that assigns a region to each network.",
  },
} as const satisfies OptionTable;

export const controlOptions = {
  guide_image_path: { ...controlNet, type: "string", count: "any", help: "Guide images." },
  control_net_models: { ...controlNet, type: "string", count: "any", help: "ControlNet files." },
  control_net_preps: { ...controlNet, type: "string", count: "any", help: "Preprocessor of the guide image for each." },
  control_net_multipliers: { ...controlNet, type: "float", count: "any", help: "Strength of each." },
  control_net_weights: { ...controlNet, type: "float", count: "any", help: "Older name of --control_net_multipliers." },
  control_net_ratios: {
    ...controlNet,
    type: "float",
    count: "any",
    help: "Fraction of the steps during which each is applied.",
  },
  control_net_lllite_models: { ...controlNet, type: "string", count: "any", help: "ControlNet-LLLite files." },
  clip_vision_strength: { ...guidance, type: "float", help: "Strength of an image used as a prompt." },
  clip_guidance_scale: { ...guidance, type: "float", default: 0, help: "CLIP guidance scale, from a text." },
  clip_image_guidance_scale: { ...guidance, type: "float", default: 0, help: "CLIP guidance scale, from an image." },
  vgg16_guidance_scale: { ...guidance, type: "float", default: 0, help: "VGG16 guidance scale, from an image." },
  vgg16_guidance_layer: { ...guidance, type: "int", default: 20, help: "Layer of VGG16 to compare." },
} as const satisfies OptionTable;

export const shrinkOptions = {
  ds_depth_1: { ...deepShrink, type: "int", help: "Deep Shrink: depth of the first block that is shrunk." },
  ds_timesteps_1: { ...deepShrink, type: "int", default: 650, help: "Timestep until which it is shrunk." },
  ds_depth_2: { ...deepShrink, type: "int", help: "Depth of the second block that is shrunk." },
  ds_timesteps_2: { ...deepShrink, type: "int", default: 650, help: "Timestep until which it is shrunk." },
  ds_ratio: { ...deepShrink, type: "float", default: 0.5, help: "Shrink ratio." },
  gradual_latent_timesteps: {
    ...gradualLatent,
    type: "int",
    help: "Gradual Latent: timestep at which enlarging starts.",
  },
  gradual_latent_ratio: { ...gradualLatent, type: "float", default: 0.5, help: "Initial size ratio." },
  gradual_latent_ratio_step: { ...gradualLatent, type: "float", default: 0.125, help: "Increment of the ratio." },
  gradual_latent_every_n_steps: { ...gradualLatent, type: "int", default: 3, help: "Steps between increments." },
  gradual_latent_s_noise: { ...gradualLatent, type: "float", default: 1, help: "Noise scale after each enlargement." },
  gradual_latent_unsharp_params: {
    ...gradualLatent,
    type: "string",
    help: "Unsharp mask parameters for the enlarged latents.",
  },
} as const satisfies OptionTable;
