import type { OptionTable } from "../option.ts";

const noNetworks = "LoRA and other networks cannot be used yet";
const noControlNet = "ControlNet cannot be used yet";
const noDeepShrink = "Deep Shrink is not there yet";
const noGradualLatent = "Gradual Latent is not there yet";
const noGuidance = "pictures are guided by the prompt only";

export const networkOptions = {
  network_module: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noNetworks,
    help: "Kinds of the networks.",
  },
  network_weights: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noNetworks,
    help: "Files of the networks.",
  },
  network_mul: { type: "float", count: "any", effect: "numbers", state: "refused", note: noNetworks, help: "Their strengths." },
  network_args: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noNetworks,
    help: "Their settings, each as key=value.",
  },
  network_show_meta: { type: "switch", effect: "display", state: "refused", note: noNetworks, help: "Show their metadata." },
  network_merge: { type: "switch", effect: "speed", state: "refused", note: noNetworks, help: "Add them to the model's weights." },
  network_merge_n_models: {
    type: "int",
    effect: "speed",
    state: "refused",
    note: noNetworks,
    help: "Add only the first so many to the model's weights.",
  },
  network_pre_calc: { type: "switch", effect: "speed", state: "refused", note: noNetworks, help: "Compute their weights beforehand." },
  network_regional_mask_max_color_codes: {
    type: "int",
    effect: "numbers",
    state: "refused",
    note: noNetworks,
    help: "Number of colours in a mask that gives each network its region.",
  },
  XTI_embeddings: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: "embeddings with vectors for each layer cannot be used yet",
    help: "Embedding files with vectors for each layer.",
  },
} as const satisfies OptionTable;

export const controlOptions = {
  guide_image_path: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noControlNet,
    help: "Pictures that guide the drawing.",
  },
  control_net_models: { type: "string", count: "any", effect: "numbers", state: "refused", note: noControlNet, help: "ControlNet files." },
  control_net_preps: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noControlNet,
    help: "How the guiding picture is prepared for each.",
  },
  control_net_multipliers: { type: "float", count: "any", effect: "numbers", state: "refused", note: noControlNet, help: "Their strengths." },
  control_net_weights: {
    type: "float",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noControlNet,
    help: "Older name of --control_net_multipliers.",
  },
  control_net_ratios: {
    type: "float",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noControlNet,
    help: "Share of the steps during which each acts.",
  },
  control_net_lllite_models: {
    type: "string",
    count: "any",
    effect: "numbers",
    state: "refused",
    note: noControlNet,
    help: "ControlNet-LLLite files.",
  },
  clip_vision_strength: { type: "float", effect: "numbers", state: "refused", note: noGuidance, help: "Strength of a picture used as a prompt." },
  clip_guidance_scale: { type: "float", default: 0, effect: "numbers", state: "refused", note: noGuidance, help: "Guidance by CLIP from a text." },
  clip_image_guidance_scale: {
    type: "float",
    default: 0,
    effect: "numbers",
    state: "refused",
    note: noGuidance,
    help: "Guidance by CLIP from a picture.",
  },
  vgg16_guidance_scale: {
    type: "float",
    default: 0,
    effect: "numbers",
    state: "refused",
    note: noGuidance,
    help: "Guidance by VGG16 from a picture.",
  },
  vgg16_guidance_layer: { type: "int", default: 20, effect: "numbers", state: "refused", note: noGuidance, help: "Layer of VGG16 to compare." },
} as const satisfies OptionTable;

export const shrinkOptions = {
  ds_depth_1: { type: "int", effect: "numbers", state: "refused", note: noDeepShrink, help: "Deep Shrink: block that shrinks." },
  ds_timesteps_1: { type: "int", default: 650, effect: "numbers", state: "refused", note: noDeepShrink, help: "Down to this timestep." },
  ds_depth_2: { type: "int", effect: "numbers", state: "refused", note: noDeepShrink, help: "Block that shrinks after that." },
  ds_timesteps_2: { type: "int", default: 650, effect: "numbers", state: "refused", note: noDeepShrink, help: "Down to this timestep." },
  ds_ratio: { type: "float", default: 0.5, effect: "numbers", state: "refused", note: noDeepShrink, help: "How much it shrinks." },
  gradual_latent_timesteps: {
    type: "int",
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Gradual Latent: timestep from which latents grow.",
  },
  gradual_latent_ratio: { type: "float", default: 0.5, effect: "numbers", state: "refused", note: noGradualLatent, help: "Size at the start." },
  gradual_latent_ratio_step: { type: "float", default: 0.125, effect: "numbers", state: "refused", note: noGradualLatent, help: "Growth." },
  gradual_latent_every_n_steps: {
    type: "int",
    default: 3,
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Steps between growth.",
  },
  gradual_latent_s_noise: {
    type: "float",
    default: 1,
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Strength of the noise of a new size.",
  },
  gradual_latent_unsharp_params: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "How grown latents are sharpened.",
  },
} as const satisfies OptionTable;
