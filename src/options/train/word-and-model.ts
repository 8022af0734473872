import type { OptionTable } from "../option.ts";
import { tokenizerOptions } from "../shared.ts";

export const modelOptions = {
  pretrained_model_name_or_path: {
    type: "string",
    effect: "files",
    help: "The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a name on the Hugging Face hub.",
  },
  v2: { type: "switch", effect: "numbers", help: "The model is Stable Diffusion 2.x." },
  v_parameterization: {
    type: "switch",
    effect: "numbers",
    help: "The model predicts velocity instead of noise (v-prediction), as the 768-pixel models of Stable Diffusion 2 do.",
  },
  vae: {
    type: "string",
    effect: "numbers",
    help: "VAE to use instead of the model's own: a Diffusers folder, a name on the hub or a checkpoint file.",
  },
  clip_skip: {
    type: "int",
    effect: "numbers",
    help: "Use the text encoder's output this many layers from the end; 1 is the last layer.",
  },
  max_token_length: {
    type: "int",
    choices: [150, 225],
    // sd-scripts does not check settings files, and 75 works there
    fileChoices: [75],
    effect: "numbers",
    help: "Longest caption in tokens. Default: 75.",
  },
  ...tokenizerOptions,
  disable_mmap_load_safetensors: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "weights are read in place from the file",
    help: "Read an SDXL checkpoint whole instead of memory-mapping it.",
  },
} as const satisfies OptionTable;

export const inversionOptions = {
  token_string: {
    type: "string",
    effect: "numbers",
    help: "The new word. It must not be a word of the model's tokenizer yet, so make one up: mycat, catx1.",
  },
  num_vectors_per_token: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "Number of vectors for the word. More vectors hold more detail and use up more tokens of a prompt.",
  },
  init_word: {
    type: "string",
    effect: "numbers",
    help: "Known word or words whose vectors the new ones start from, repeated if there are fewer of them. auto: the known word that explains the images best, found by trying.",
  },
  weights: { type: "string", effect: "numbers", help: "Embedding file to start from instead of the init word." },
  use_object_template: {
    type: "switch",
    effect: "numbers",
    help: 'Train with 27 prompts about an object ("a photo of a ...") instead of the captions.',
  },
  use_style_template: {
    type: "switch",
    effect: "numbers",
    help: 'Train with 19 prompts about a style ("a painting in the style of ...") instead of the captions.',
  },
} as const satisfies OptionTable;
