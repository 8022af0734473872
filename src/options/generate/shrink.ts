import type { OptionTable } from "../option.ts";

const noDeepShrink = "Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes";
const noGradualLatent = "Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes";

export const shrinkOptions = {
  ds_depth_1: {
    type: "int",
    effect: "numbers",
    state: "refused",
    note: noDeepShrink,
    help: "Deep Shrink: block that shrinks.",
  },
  ds_timesteps_1: {
    type: "int",
    default: 650,
    effect: "numbers",
    state: "refused",
    note: noDeepShrink,
    help: "Down to this timestep.",
  },
  ds_depth_2: {
    type: "int",
    effect: "numbers",
    state: "refused",
    note: noDeepShrink,
    help: "Block that shrinks after that.",
  },
  ds_timesteps_2: {
    type: "int",
    default: 650,
    effect: "numbers",
    state: "refused",
    note: noDeepShrink,
    help: "Down to this timestep.",
  },
  ds_ratio: {
    type: "float",
    default: 0.5,
    effect: "numbers",
    state: "refused",
    note: noDeepShrink,
    help: "How much it shrinks.",
  },
  gradual_latent_timesteps: {
    type: "int",
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Gradual Latent: timestep from which latents grow.",
  },
  gradual_latent_ratio: {
    type: "float",
    default: 0.5,
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Size at the start.",
  },
  gradual_latent_ratio_step: {
    type: "float",
    default: 0.125,
    effect: "numbers",
    state: "refused",
    note: noGradualLatent,
    help: "Growth.",
  },
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
