import type { OptionTable } from "../option.ts";
import { attentionOptions, noScoreMatrix, tokenizerOptions } from "../shared.ts";

export const promptOptions = {
  prompt: {
    type: "string",
    effect: "numbers",
    help: 'The prompt. Options may follow it: "a photo of mycat --n blurry --w 640 --s 30 --d 42".',
  },
  from_file: { type: "string", effect: "numbers", help: "Text file with one prompt per line." },
  from_module: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "it names Python code, and coinage runs no Python; write the prompts to a file and pass it with --from_file",
    help: "Python module that generates prompts.",
  },
  prompter_module_args: {
    type: "string",
    effect: "accepted-without-effect",
    note: "it belongs to --from_module",
    help: "Arguments of that module.",
  },
  interactive: {
    type: "switch",
    effect: "numbers",
    help: "Ask for prompts one at a time and generate each at once; the end of the input ends the run.",
  },
  no_preview: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "coinage has no preview window",
    help: "Show no preview window in interactive mode.",
  },
  images_per_prompt: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "files",
    help: "Number of images for each prompt.",
  },
  n_iter: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "files",
    help: "Number of times to go through the list of prompts.",
  },
  shuffle_prompts: { type: "switch", effect: "numbers", help: "Shuffle the prompts every time." },
  max_embeddings_multiples: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Longest prompt, in chunks of 75 tokens. Default: 1.",
  },
  emb_normalize_mode: {
    type: "string",
    choices: ["original", "none", "abs"],
    default: "original",
    effect: "numbers",
    help: "How the mean of the text encoder's output is restored when words are weighted.",
  },
} as const satisfies OptionTable;

export const generateModelOptions = {
  ckpt: {
    type: "string",
    setting: "pretrainedModelNameOrPath",
    effect: "files",
    help: "The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a pattern that matches one file.",
  },
  vae: { type: "string", effect: "numbers", help: "VAE to use instead of the model's own." },
  textual_inversion_embeddings: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Embedding files. The file name without extension is the word in prompts; WORD=FILE sets another.",
  },
  XTI_embeddings: {
    type: "string",
    setting: "xtiEmbeddings",
    count: "any",
    effect: "numbers",
    help: "Embedding files with vectors for each cross-attention layer of the U-Net (P+, XTI), from training with --xti. Stable Diffusion 1 and 2 only.",
  },
  sdxl: {
    type: "switch",
    effect: "numbers",
    help: "The model is SDXL. By default the kind of model is detected from the weights.",
  },
  v1: { type: "switch", effect: "numbers", help: "The model is Stable Diffusion 1.x." },
  v2: { type: "switch", effect: "numbers", help: "The model is Stable Diffusion 2.x." },
  v_parameterization: {
    type: "switch",
    effect: "numbers",
    help: "The model predicts velocity instead of noise (v-prediction).",
  },
  zero_terminal_snr: {
    type: "switch",
    effect: "numbers",
    help: "Rescale the noise schedule so that the last timestep is pure noise.",
  },
  clip_skip: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Use the text encoder's output this many layers from the end. Default: 1, for SDXL 2.",
  },
  ...tokenizerOptions,
} as const satisfies OptionTable;

export const pictureFileOptions = {
  outdir: {
    type: "string",
    setting: "outputDir",
    default: "outputs",
    effect: "files",
    help: "Folder for the images; created if missing.",
  },
  sequential_file_name: { type: "switch", effect: "files", help: "Number the files: im_000001.png, im_000002.png." },
  use_original_file_name: { type: "switch", effect: "files", help: "Name each file after its input image." },
} as const satisfies OptionTable;

export const generateSpeedOptions = {
  vae_batch_size: {
    type: "float",
    effect: "speed",
    help: "Number of images the VAE takes at once; below 1 a fraction of the batch. Default: the whole batch.",
  },
  vae_slices: {
    type: "int",
    minimum: 1,
    effect: "speed",
    help: "Number of bands in which the VAE processes an image to save memory. Default: 1, above 512 x 512 pixels 8.",
  },
  no_half_vae: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the VAE always runs in float32",
    help: "Run the VAE in float32 even with --fp16 or --bf16.",
  },
  fp16: {
    type: "switch",
    effect: "numbers",
    help: "Run convolutions, matrix products and attention in float16 on GPUs. CPUs always use float32.",
  },
  bf16: { type: "switch", effect: "numbers", help: "Same as --fp16: the runtime has no convolutions in bfloat16." },
  ...attentionOptions,
  diffusers_xformers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Use the attention of xformers through diffusers.",
  },
  opt_channels_last: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the runtime chooses the memory layout by itself",
    help: "Use the channels-last memory layout.",
  },
} as const satisfies OptionTable;
