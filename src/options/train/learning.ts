import type { OptionTable } from "../option.ts";

/** What sd-scripts' trainer lacks: recipes, evaluation during training, and other update rules. All off by default. */
export const learningOptions = {
  recipe: {
    type: "string",
    choices: ["auto", "quick", "object", "style", "likeness", "classic"],
    effect: "numbers",
    help:
      "Settings that belong together; flags that are given as well take precedence. auto: quick on a processor, object on a GPU, style where --init_word or the template says so. quick: a usable word in little time. " +
      "object: one thing, learned well. style: how the images are made instead of what they show. likeness: a face, with less freedom in prompts. classic: a low learning rate and much time.",
  },
  time: {
    type: "string",
    effect: "numbers",
    help: "With --recipe: time that the run may take, for example 30m, 2h or 90s. The number of steps, and if need be the size of the images, are fitted to it by timing a few steps.",
  },
  eval_every_n_steps: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Measure the loss on a fixed batch with fixed noise and timesteps every N steps, without changing the training.",
  },
  early_stop: {
    type: "switch",
    effect: "numbers",
    help: "End the run when the evaluation loss has flattened, at about 1.5 times the step by which 95 % of its fall was there; the learning rate falls to 0 in the last steps. Evaluates every 10 steps unless --eval_every_n_steps says otherwise, every 20 on CPUs.",
  },
  keep: {
    type: "string",
    choices: ["last", "best", "both"],
    default: "last",
    effect: "numbers",
    help: "Which vectors to save at the end: the last ones, or those that a second fixed batch finds best among the last, the averaged and the best evaluated ones.",
  },
  hold_out: {
    type: "int",
    minimum: 0,
    default: 0,
    effect: "numbers",
    help: "Train without this many of the images, and choose what to keep (--keep best) by them: 1 from about 5 images on.",
  },
  update: {
    type: "string",
    choices: ["optimizer", "direction"],
    default: "optimizer",
    effect: "numbers",
    help: "How vectors change: by --optimizer_type, or at fixed length in direction only (Directional Textual Inversion), by the angle --step_angle per step.",
  },
  step_angle: {
    type: "float",
    minimum: 0,
    effect: "numbers",
    help: "Learning rate as an angle in radians: about how far one step turns a vector, however long it is. Takes the place of --learning_rate and follows the schedule as it does.",
  },
  direction_momentum: {
    type: "float",
    minimum: 0,
    default: 0,
    effect: "numbers",
    help: "With --update direction: momentum of the gradient, from 0 to below 1.",
  },
  prior_pull: {
    type: "string",
    default: "1e-4",
    effect: "numbers",
    help: "With --update direction: pull back to the initial direction, added to the gradient: a number, or auto for a tenth of the usual gradient.",
  },
  norm_control: {
    type: "string",
    choices: ["none", "fixed", "decay", "std"],
    default: "none",
    effect: "numbers",
    help: "Hold the length of the vectors after each step: fixed at --norm_target, drawn to it with the learning rate (decay), or by the spread of the vocabulary's numbers (std).",
  },
  norm_target: {
    type: "string",
    default: "vocab",
    effect: "numbers",
    help: "Length for --norm_control and --update direction: vocab for the mean of the model's words, 2x for twice that, init for that of the initial vectors, or a number.",
  },
  row_average: {
    type: "float",
    minimum: 0,
    default: 0,
    effect: "numbers",
    help: "Keep a running average of the vectors from a fifth of the run on, with this decay, for example 0.98, as a candidate for --keep best. 0: none.",
  },
  init: {
    type: "string",
    choices: ["word", "output"],
    default: "word",
    effect: "numbers",
    help: "Start from the vectors of the init word, or from the text encoder's output for it (Cross Initialization).",
  },
  init_reg: {
    type: "float",
    minimum: 0,
    default: 0,
    effect: "numbers",
    help: "Weight of a pull to the initial vectors, added to the loss as their mean distance.",
  },
  timestep_sampling: {
    type: "string",
    choices: ["uniform", "stratified", "cosine"],
    default: "uniform",
    effect: "numbers",
    help: "How timesteps are drawn: each for itself, spread evenly over the batch, or spread evenly with more high ones (cosine).",
  },
  report: {
    type: "string",
    choices: ["on", "off"],
    alone: "on",
    effect: "files",
    help: "Write OUTPUT_NAME.report.html and OUTPUT_NAME.report.json at the end of the run. Unless it is off, --recipe, --eval_every_n_steps, --early_stop and --keep do so, too.",
  },
  report_images: {
    type: "string",
    choices: ["auto", "all", "none"],
    default: "auto",
    effect: "files",
    help: "Images to draw for the report: as many as take 5 % of the run's time, or 5 seconds with --report on (auto), all, or none. `coinage report` draws those that are missing.",
  },
} as const satisfies OptionTable;
