import type { OptionTable } from "../option.ts";

const upload = { effect: "files", state: "later", note: "nothing is uploaded" } as const;

export const savingOptions = {
  output_dir: { type: "string", effect: "files", help: "Folder for all output; created if missing." },
  output_name: { type: "string", effect: "files", help: "Name of the files without extension. Default: the new word." },
  save_model_as: {
    type: "string",
    choices: ["ckpt", "pt", "safetensors"],
    default: "pt",
    effect: "files",
    help: "Format of the embedding files. ckpt and pt differ in the extension only.",
  },
  save_precision: {
    type: "string",
    choices: ["float", "fp16", "bf16"],
    effect: "files",
    help: "Number format of saved vectors. Default: float32.",
  },
  save_every_n_epochs: { type: "int", minimum: 1, effect: "files", help: "Save every N epochs as well as at the end." },
  save_every_n_steps: { type: "int", minimum: 1, effect: "files", help: "Save every N steps as well as at the end." },
  save_n_epoch_ratio: {
    type: "int",
    effect: "files",
    help: "Save this many times, spread over the epochs; overrides --save_every_n_epochs.",
  },
  save_last_n_epochs: { type: "int", effect: "files", help: "Keep only the last N of the files saved at epochs." },
  save_last_n_epochs_state: {
    type: "int",
    effect: "files",
    help: "The same for training states. Default: --save_last_n_epochs.",
  },
  save_last_n_steps: { type: "int", effect: "files", help: "Keep only the files saved at the last N steps." },
  save_last_n_steps_state: {
    type: "int",
    effect: "files",
    help: "The same for training states. Default: --save_last_n_steps.",
  },
  save_state: {
    type: "switch",
    effect: "files",
    help: "Write the complete training state with every save, to continue with --resume.",
  },
  save_state_on_train_end: {
    type: "switch",
    effect: "files",
    help: "Write the complete training state once, at the end.",
  },
  resume: {
    type: "string",
    effect: "numbers",
    help: "Folder of a training state to continue from: the numbers are as if the run had never stopped. Give the other settings as before.",
  },
} as const satisfies OptionTable;

export const hubOptions = {
  huggingface_repo_id: {
    ...upload,
    type: "string",
    help: "Repository on the Hugging Face hub that every saved embedding is uploaded to; created if missing.",
  },
  huggingface_repo_type: { ...upload, type: "string", help: "Type of that repository." },
  huggingface_path_in_repo: { ...upload, type: "string", help: "Folder in that repository." },
  huggingface_token: { ...upload, type: "string", help: "Access token for the hub." },
  huggingface_repo_visibility: {
    ...upload,
    type: "string",
    help: "Visibility of a new repository: public, or private with any other word.",
  },
  save_state_to_huggingface: { ...upload, type: "switch", help: "Upload training states as well." },
  resume_from_huggingface: {
    type: "switch",
    effect: "files",
    state: "refused",
    note: "states cannot be downloaded from the hub yet",
    help: "Take the state of --resume from the hub: owner/repository/path[:revision[:type]].",
  },
  async_upload: {
    ...upload,
    type: "switch",
    effect: "speed",
    help: "Upload in the background, except the final embedding.",
  },
} as const satisfies OptionTable;

export const metadataOptions = {
  metadata_title: { type: "string", effect: "files", help: "Title. Default: the output name." },
  metadata_author: { type: "string", effect: "files", help: "Author." },
  metadata_description: { type: "string", effect: "files", help: "Description." },
  metadata_license: { type: "string", effect: "files", help: "Licence." },
  metadata_tags: { type: "string", effect: "files", help: "Tags, usually separated by commas." },
  metadata_usage_hint: { type: "string", effect: "files", help: "How to use the embedding." },
  metadata_thumbnail: { type: "string", effect: "files", help: "Image file, or a data: URL." },
  metadata_merged_from: { type: "string", effect: "files", help: "Models it was merged from." },
  metadata_trigger_phrase: { type: "string", effect: "files", help: "Trigger phrase." },
  metadata_preprocessor: { type: "string", effect: "files", help: "Preprocessor it needs." },
  metadata_is_negative_embedding: {
    type: "string",
    effect: "files",
    help: "Whether it is meant for negative prompts; the text is stored as it is.",
  },
} as const satisfies OptionTable;
