import type { OptionTable } from "../option.ts";

export const lossOptions = {
  loss_type: {
    type: "string",
    choices: ["l1", "l2", "huber", "smooth_l1"],
    default: "l2",
    effect: "numbers",
    help: "Loss between prediction and target.",
  },
  huber_schedule: {
    type: "string",
    choices: ["constant", "exponential", "snr"],
    default: "snr",
    effect: "numbers",
    help: "How the threshold of huber and smooth_l1 changes with the timestep.",
  },
  huber_c: {
    type: "float",
    default: 0.1,
    effect: "numbers",
    help: "Threshold of huber and smooth_l1 at the noisiest timestep.",
  },
  huber_scale: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "Factor of that threshold in the schedules constant and exponential.",
  },
  min_snr_gamma: {
    type: "float",
    effect: "numbers",
    help: "Weight the loss by min(SNR, this) (Min-SNR), usually 5; 0 for no weighting.",
  },
  scale_v_pred_loss_like_noise_pred: {
    type: "switch",
    effect: "numbers",
    help: "Weight a velocity loss as if noise were predicted. Needs --v_parameterization.",
  },
  v_pred_like_loss: {
    type: "float",
    effect: "numbers",
    help: "Add this much of a loss weighted as for velocity prediction; 0 for none. Not with --v_parameterization.",
  },
  debiased_estimation_loss: { type: "switch", effect: "numbers", help: "Weight the loss by 1 / sqrt(SNR)." },
} as const satisfies OptionTable;

export const noiseOptions = {
  noise_offset: {
    type: "float",
    effect: "numbers",
    help: "Strength of extra noise that is constant over each channel, for very dark and very bright images; 0 for none.",
  },
  noise_offset_random_strength: {
    type: "switch",
    effect: "numbers",
    help: "Draw the strength of the noise offset at random, between 0 and its value, for every batch.",
  },
  adaptive_noise_scale: {
    type: "float",
    effect: "numbers",
    help: "Add this times the mean of each latent channel to the noise offset. Needs --noise_offset.",
  },
  multires_noise_iterations: {
    type: "int",
    effect: "numbers",
    help: "Number of coarser noise levels added to the noise (pyramid noise); 0 for none.",
  },
  multires_noise_discount: {
    type: "float",
    default: 0.3,
    effect: "numbers",
    help: "Factor by which each coarser level is weaker than the one before.",
  },
  ip_noise_gamma: {
    type: "float",
    effect: "numbers",
    help: "Strength of a perturbation of the noise in the model's input; 0 for none.",
  },
  ip_noise_gamma_random_strength: {
    type: "switch",
    effect: "numbers",
    help: "Draw the strength of that perturbation at random, between 0 and its value, for every batch.",
  },
  zero_terminal_snr: {
    type: "switch",
    effect: "numbers",
    help: "Rescale the noise schedule so that the last timestep is pure noise. Meant for velocity models.",
  },
  min_timestep: { type: "int", minimum: 0, effect: "numbers", help: "Lowest timestep that is trained. Default: 0." },
  max_timestep: {
    type: "int",
    minimum: 0,
    effect: "numbers",
    help: "Timesteps below this one are trained. Default: 1000.",
  },
} as const satisfies OptionTable;
