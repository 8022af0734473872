import type { OptionTable } from "../option.ts";

export const optimizerOptions = {
  optimizer_type: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Name of the optimizer, in any letter case; AdamW unless said.",
  },
  optimizer_args: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Settings of the optimizer, each as key=value, such as weight_decay=0.01 or betas=0.9,0.99.",
  },
  use_8bit_adam: {
    type: "switch",
    effect: "numbers",
    help: "Old spelling of --optimizer_type AdamW8bit.",
  },
  use_lion_optimizer: {
    type: "switch",
    effect: "numbers",
    help: "Old spelling of --optimizer_type Lion.",
  },
  learning_rate: {
    type: "rates",
    default: 2e-6,
    effect: "numbers",
    help:
      "Learning rate. For a new word 5e-4 to 5e-3 is usual; the default is sd-scripts' and hardly moves it. A list as the A1111 web UI takes it is a schedule: " +
      '"0.05:10, 0.02:20, 0.005" is 0.05 for 10 steps, 0.02 until step 20, then 0.005.',
  },
  max_grad_norm: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "Gradients longer than this are shortened to it; 0 leaves them alone.",
  },
  lr_scheduler: {
    type: "string",
    default: "constant",
    effect: "numbers",
    help:
      "How the learning rate changes: constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial, inverse_sqrt, cosine_with_min_lr, " +
      "warmup_stable_decay, piecewise_constant, adafactor.",
  },
  lr_scheduler_type: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Name of a schedule class of PyTorch, such as CosineAnnealingLR; wins over --lr_scheduler.",
  },
  lr_scheduler_args: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Settings of the schedule, each as key=value.",
  },
  lr_warmup_steps: {
    type: "intOrRatio",
    default: { steps: 0 },
    effect: "numbers",
    help: "Steps during which the learning rate rises from 0: a number (100) or a share of all steps (0.1 or 10%).",
  },
  lr_decay_steps: {
    type: "intOrRatio",
    default: { steps: 0 },
    effect: "numbers",
    help: "Steps of the final fall of warmup_stable_decay: a number or a share of all steps.",
  },
  lr_scheduler_num_cycles: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "Cycles of cosine_with_restarts; half as many for cosine_with_min_lr and warmup_stable_decay.",
  },
  lr_scheduler_power: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "Power of the polynomial schedule.",
  },
  lr_scheduler_timescale: {
    type: "int",
    effect: "numbers",
    help: "Time scale of inverse_sqrt; the warm-up unless said.",
  },
  lr_scheduler_min_lr_ratio: {
    type: "float",
    effect: "numbers",
    help: "Lowest learning rate of cosine_with_min_lr and warmup_stable_decay as a share of the full one.",
  },
  fused_backward_pass: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "a few vectors are trained, so there is nothing to fuse",
    help: "Update parameters during the backward pass. Only with Adafactor and without accumulation.",
  },
} as const satisfies OptionTable;

export const lengthOptions = {
  train_batch_size: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Pictures per batch, where the dataset config does not say.",
  },
  gradient_accumulation_steps: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Batches whose gradients make one step together.",
  },
  max_train_steps: {
    type: "int",
    default: 1600,
    effect: "numbers",
    help: "Number of optimizer steps.",
  },
  max_train_epochs: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Number of times through the pictures; wins over --max_train_steps.",
  },
  seed: {
    type: "int",
    effect: "numbers",
    help: "Start of all random numbers. Without one, or with -1, every run is different and says its seed.",
  },
  prior_loss_weight: {
    type: "float",
    default: 1,
    effect: "numbers",
    help: "How much regularisation pictures count in the loss.",
  },
} as const satisfies OptionTable;
