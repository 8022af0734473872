import { tokenizerOptions } from "../common.ts";
import type { OptionTable } from "../option.ts";

export const modelOptions = {
  pretrained_model_name_or_path: {
    type: "string",
    effect: "files",
    help: "The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a name on the Hugging Face hub.",
  },
  v2: {
    type: "switch",
    effect: "numbers",
    help: "The model is a Stable Diffusion 2.x.",
  },
  v_parameterization: {
    type: "switch",
    effect: "numbers",
    help: "The model predicts velocity instead of noise, as the 768-pixel models of Stable Diffusion 2 do.",
  },
  vae: {
    type: "string",
    effect: "numbers",
    help: "Another VAE than the model's own: a Diffusers folder, a hub name or a checkpoint file.",
  },
  clip_skip: {
    type: "int",
    effect: "numbers",
    help: "Take the text encoder's output this many layers from the end; 1 is the last layer.",
  },
  max_token_length: {
    type: "int",
    choices: [150, 225],
    // sd-scripts does not check what a settings file says, and 75 works there as the name says.
    fileChoices: [75],
    effect: "numbers",
    help: "Longest caption in tokens; 75 unless said.",
  },
  ...tokenizerOptions,
  disable_mmap_load_safetensors: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the runtime reads weights from where they lie in the file",
    help: "Read an SDXL checkpoint as a whole instead of mapping it into memory.",
  },
} as const satisfies OptionTable;
