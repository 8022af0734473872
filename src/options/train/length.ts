import type { OptionTable } from "../option.ts";

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
