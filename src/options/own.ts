import type { OptionTable } from "./option.ts";

/** Flags of our own, on `train` and `generate`. */
export const ownOptions = {
  device: {
    type: "string",
    choices: ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"],
    default: "auto",
    effect: "speed",
    help: "Where to compute; auto takes the fastest that works.",
  },
  threads: {
    type: "int",
    minimum: 1,
    effect: "speed",
    help: "Processor threads to use; all cores unless said.",
  },
  events: {
    type: "string",
    effect: "files",
    help: "File that gets every event of the run as a line of JSON.",
  },
} as const satisfies OptionTable;

/** Flags of our own, on `train` only. */
export const ownTrainOptions = {
  overwrite: {
    type: "switch",
    effect: "files",
    help: "Write over files of earlier runs with the same name, as sd-scripts does. Without it they are kept as NAME-old1, NAME-old2, ...",
  },
  xti: {
    type: "switch",
    effect: "numbers",
    help: "Learn vectors of its own for each cross-attention layer of the U-Net (P+, XTI), as train_textual_inversion_XTI.py does. Stable Diffusion 1 and 2 only.",
  },
  no_metadata: { type: "switch", effect: "files", help: "Write no metadata into .safetensors files." },
  training_comment: {
    type: "string",
    effect: "files",
    help: "A comment, kept in the metadata of .safetensors files as ss_training_comment.",
  },
  initial_epoch: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Count as if the epochs before this one had been done; 1 is the first. A resumed run knows by itself.",
  },
  initial_step: {
    type: "int",
    minimum: 0,
    effect: "numbers",
    help: "Count as if so many steps had been done. Goes before --initial_epoch.",
  },
  skip_until_initial_step: {
    type: "switch",
    effect: "numbers",
    help: "With --initial_step or --initial_epoch: pass over the pictures that the steps before would have seen, too.",
  },
  image_dir: {
    type: "string",
    effect: "numbers",
    help: "Folder of pictures that is taken as it is, in place of --train_data_dir with its sub-folders REPEATS_CLASS. Repeats come from --dataset_repeats; pictures without a caption file have the new word as their caption.",
  },
  exif_transpose: {
    type: "switch",
    effect: "numbers",
    help: "Turn and mirror pictures and masks as EXIF says, as viewers show them, before anything is done with them.",
  },
  alpha_background: {
    type: "string",
    effect: "numbers",
    help: "Lay pictures with transparency on this colour: white, black, grey or #rrggbb. Unless said, transparent places show the colours hidden below.",
  },
  debug_dataset_dir: {
    type: "string",
    effect: "files",
    help: "With --debug_dataset: folder for the pictures as the model would see them, and a sheet of all of them.",
  },
} as const satisfies OptionTable;

/** Flags of our own, on `generate` only. */
export const ownGenerateOptions = {
  sheet: { type: "switch", effect: "files", help: "Write all pictures of the run as one, too: sheet_TIME.png." },
  preview_every_n_steps: {
    type: "int",
    minimum: 1,
    effect: "display",
    help: "After every so many steps write what is being drawn to coinage-preview.png in the output folder; it goes with the end of the run.",
  },
} as const satisfies OptionTable;
