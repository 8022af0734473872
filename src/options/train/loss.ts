import type { OptionTable } from "../option.ts";

export const lossOptions = {
  loss_type: {
    type: "string",
    choices: ["l1", "l2", "huber", "smooth_l1"],
    default: "l2",
    effect: "numbers",
    help: "How the difference between prediction and target is measured.",
  },
  huber_schedule: {
    type: "string",
    choices: ["constant", "exponential", "snr"],
    default: "snr",
    effect: "numbers",
    help: "How the threshold of huber and smooth_l1 depends on the timestep.",
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
    help: "Weigh timesteps by their signal-to-noise ratio up to this bound, usually 5; 0 for no weighing.",
  },
  scale_v_pred_loss_like_noise_pred: {
    type: "switch",
    effect: "numbers",
    help: "Weigh a velocity loss as if noise were predicted. Needs --v_parameterization.",
  },
  v_pred_like_loss: {
    type: "float",
    effect: "numbers",
    help: "Add this much of a loss that weighs timesteps as velocity does; 0 for none. Not with --v_parameterization.",
  },
  debiased_estimation_loss: {
    type: "switch",
    effect: "numbers",
    help: "Weigh timesteps by the inverse root of their signal-to-noise ratio.",
  },
} as const satisfies OptionTable;
