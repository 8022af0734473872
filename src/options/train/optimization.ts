import type { OptionTable } from "../option.ts";

export const optimizerOptions = {
  optimizer_type: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Name of the optimizer, in upper or lower case. Default: AdamW.",
  },
  optimizer_args: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Arguments of the optimizer, each as key=value, such as weight_decay=0.01 or betas=0.9,0.99.",
  },
  use_8bit_adam: { type: "switch", effect: "numbers", help: "Old spelling of --optimizer_type AdamW8bit." },
  use_lion_optimizer: { type: "switch", effect: "numbers", help: "Old spelling of --optimizer_type Lion." },
  learning_rate: {
    type: "rates",
    default: 2e-6,
    effect: "numbers",
    help:
      "Learning rate. 5e-4 to 5e-3 is usual for a new word; the default is that of sd-scripts and hardly changes it. A list in the A1111 web UI's form is a schedule: " +
      '"0.05:10, 0.02:20, 0.005" is 0.05 for 10 steps, 0.02 until step 20, then 0.005.',
  },
  max_grad_norm: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "Clip gradients to this norm; 0 for no clipping.",
  },
  lr_scheduler: {
    type: "string",
    default: "constant",
    effect: "numbers",
    help:
      "Learning rate schedule: constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial, inverse_sqrt, cosine_with_min_lr, " +
      "warmup_stable_decay, piecewise_constant, adafactor.",
  },
  lr_scheduler_type: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Name of a PyTorch scheduler class, such as CosineAnnealingLR; overrides --lr_scheduler.",
  },
  lr_scheduler_args: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Arguments of the schedule, each as key=value.",
  },
  lr_warmup_steps: {
    type: "intOrRatio",
    default: { steps: 0 },
    effect: "numbers",
    help: "Steps over which the learning rate rises from 0: a number (100) or a fraction of all steps (0.1 or 10%).",
  },
  lr_decay_steps: {
    type: "intOrRatio",
    default: { steps: 0 },
    effect: "numbers",
    help: "Steps of the final decay of warmup_stable_decay: a number or a fraction of all steps.",
  },
  lr_scheduler_num_cycles: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "Number of cycles of cosine_with_restarts; half as many for cosine_with_min_lr and warmup_stable_decay.",
  },
  lr_scheduler_power: { type: "float", default: 1, effect: "numbers", help: "Power of the polynomial schedule." },
  lr_scheduler_timescale: {
    type: "int",
    effect: "numbers",
    help: "Time scale of inverse_sqrt. Default: the warmup steps.",
  },
  lr_scheduler_min_lr_ratio: {
    type: "float",
    effect: "numbers",
    help: "Lowest learning rate of cosine_with_min_lr and warmup_stable_decay, as a fraction of the full one.",
  },
  fused_backward_pass: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "only a few vectors are trained, so there is nothing to fuse",
    help: "Update parameters during the backward pass. Only with Adafactor and without gradient accumulation.",
  },
} as const satisfies OptionTable;

export const lengthOptions = {
  train_batch_size: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Images per batch, where the dataset config does not say.",
  },
  gradient_accumulation_steps: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Number of batches whose gradients are accumulated for one optimizer step.",
  },
  max_train_steps: { type: "int", default: 1600, effect: "numbers", help: "Number of optimizer steps." },
  max_train_epochs: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Number of epochs; overrides --max_train_steps.",
  },
  seed: {
    type: "int",
    effect: "numbers",
    help: "Seed of all random numbers. Without one, or with -1, every run is different and shows its seed.",
  },
  prior_loss_weight: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "Weight of regularization images in the loss.",
  },
} as const satisfies OptionTable;
