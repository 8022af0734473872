import type { OptionTable } from "./option.ts";

/** coinage's own flags for `train` and `generate`. */
export const ownOptions = {
  device: {
    type: "string",
    choices: ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"],
    default: "auto",
    effect: "speed",
    help: "Device to compute on; auto picks the fastest that works.",
  },
  threads: { type: "int", minimum: 1, effect: "speed", help: "Number of CPU threads. Default: all cores." },
  events: {
    type: "string",
    effect: "files",
    help: "Write every event of the run to this file, as one line of JSON each.",
  },
} as const satisfies OptionTable;

/** coinage's own flags for `train`. */
export const ownTrainOptions = {
  run: {
    type: "string",
    effect: "files",
    help: "Give the run a folder of its own in place of --output_dir: a new one for a name, with settings, events, checkpoints, samples and states, which coinage runs lists and coinage stop stops. The id of a run that was stopped, failed or was lost (2026-11-22_1432_mycat), or its folder, continues that run from its last state.",
  },
  runs_dir: {
    type: "string",
    effect: "files",
    help: "With --run: the folder of all runs. Default: runs in the folder that COINAGE_HOME names, or in coinage in the home folder.",
  },
  queue: {
    type: "string",
    effect: "speed",
    help: "Share the run among machines: the address of a Redis or Valkey server (redis://HOST:PORT, rediss://USER@HOST:PORT, unix:///SOCKET) from which coinage worker --queue takes micro-batches, sample images and images to encode. Its password comes from COINAGE_QUEUE_PASSWORD, the secret that messages are signed with from COINAGE_CLUSTER_SECRET. Needs --cache_latents.",
  },
  queue_ca: {
    type: "string",
    effect: "speed",
    help: "With --queue rediss://...: file with the certificate of the authority that has signed the server's.",
  },
  queue_insecure: {
    type: "switch",
    effect: "speed",
    help: "With --queue: allow a server that other machines reach without a password and a secret.",
  },
  cluster_numerics: {
    type: "string",
    choices: ["same", "any"],
    effect: "speed",
    help: "With --queue: use only workers that compute the same bits as this machine (same), or also those that come near (any). Default: same on processors, any elsewhere.",
  },
  cluster_split: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Compute every micro-batch in so many parts, each a job of its own with --queue: more workers have something to do. Noise and timesteps stay as they are; results differ by rounding alone. Not with pyramid noise, which looks at a whole micro-batch.",
  },
  no_cluster_local: {
    type: "switch",
    effect: "speed",
    help: "With --queue: leave micro-batches to workers; this machine computes one only where they fail.",
  },
  keep_awake: {
    type: "switch",
    effect: "speed",
    help: "Keep the machine from going to sleep by itself until the run has ended.",
  },
  overwrite: {
    type: "switch",
    effect: "files",
    help: "Overwrite files of earlier runs with the same name, as sd-scripts does. Without it they are kept as NAME-old1, NAME-old2, ...",
  },
  xti: {
    type: "switch",
    effect: "numbers",
    help: "Learn separate vectors for each cross-attention layer of the U-Net (P+, XTI), as train_textual_inversion_XTI.py does. Stable Diffusion 1 and 2 only.",
  },
  no_metadata: { type: "switch", effect: "files", help: "Write no metadata into .safetensors files." },
  training_comment: {
    type: "string",
    effect: "files",
    help: "Comment for the metadata of .safetensors files, stored as ss_training_comment.",
  },
  initial_epoch: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Start counting at this epoch, as if those before it were done; 1 is the first. A resumed run continues its own count.",
  },
  initial_step: {
    type: "int",
    minimum: 0,
    effect: "numbers",
    help: "Start counting as if this many steps were done. Overrides --initial_epoch.",
  },
  skip_until_initial_step: {
    type: "switch",
    effect: "numbers",
    help: "With --initial_step or --initial_epoch: also skip the images that the earlier steps would have used.",
  },
  image_dir: {
    type: "string",
    effect: "numbers",
    help: "Folder of images, used as it is instead of --train_data_dir with its folders REPEATS_CLASS. Repeats come from --dataset_repeats; images without a caption file have the new word as their caption.",
  },
  exif_transpose: {
    type: "switch",
    effect: "numbers",
    help: "Rotate and mirror images and masks by their EXIF orientation, as viewers show them.",
  },
  alpha_background: {
    type: "string",
    effect: "numbers",
    help: "Composite images with transparency onto this colour: white, black, grey or #rrggbb. Without it transparent areas show the colours stored in them.",
  },
  debug_dataset_dir: {
    type: "string",
    effect: "files",
    help: "With --debug_dataset: folder for the images as the model would see them, and a contact sheet.",
  },
} as const satisfies OptionTable;

/** coinage's own flags for `generate`. */
export const ownGenerateOptions = {
  sheet: { type: "switch", effect: "files", help: "Also write all images of the run as one: sheet_TIME.png." },
  preview_every_n_steps: {
    type: "int",
    minimum: 1,
    effect: "display",
    help: "Write a preview to coinage-preview.png in the output folder every N steps; it is removed at the end of the run.",
  },
} as const satisfies OptionTable;
