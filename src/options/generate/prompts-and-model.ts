import type { OptionTable } from "../option.ts";
import { attentionOptions, noScoreMatrix, tokenizerOptions } from "../shared.ts";

export const promptOptions = {
  prompt: {
    type: "string",
    effect: "numbers",
    help: 'The prompt. Options may follow it: "a photo of mycat --n blurry --w 640 --s 30 --d 42".',
  },
  from_file: { type: "string", effect: "numbers", help: "Text file with a prompt on every line." },
  from_module: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "it names Python code, and no Python runs here; write the prompts to a file and give it with --from_file",
    help: "Python module that makes prompts.",
  },
  prompter_module_args: {
    type: "string",
    effect: "accepted-without-effect",
    note: "it belongs to --from_module",
    help: "Settings of that module.",
  },
  interactive: {
    type: "switch",
    effect: "numbers",
    help: "Ask for prompts one after another and draw each at once; the end of the input ends the run.",
  },
  no_preview: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "there is no preview window",
    help: "No preview window when prompts are asked for.",
  },
  images_per_prompt: { type: "int", minimum: 1, default: 1, effect: "files", help: "Pictures for each prompt." },
  n_iter: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "files",
    help: "How often the whole list of prompts is drawn.",
  },
  shuffle_prompts: { type: "switch", effect: "numbers", help: "Draw the prompts in another order every time." },
  max_embeddings_multiples: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Longest prompt in pieces of 75 tokens; 1 unless said.",
  },
  emb_normalize_mode: {
    type: "string",
    choices: ["original", "none", "abs"],
    default: "original",
    effect: "numbers",
    help: "How the mean of a prompt is kept when words are weighted.",
  },
} as const satisfies OptionTable;

export const generateModelOptions = {
  ckpt: {
    type: "string",
    setting: "pretrainedModelNameOrPath",
    effect: "files",
    help: "The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a pattern that fits one file.",
  },
  vae: {
    type: "string",
    effect: "numbers",
    help: "Another VAE than the model's own.",
  },
  textual_inversion_embeddings: {
    type: "string",
    count: "any",
    effect: "numbers",
    help: "Embedding files. Each one's file name without extension is its word in prompts; WORD=FILE gives it another.",
  },
  XTI_embeddings: {
    type: "string",
    setting: "xtiEmbeddings",
    count: "any",
    effect: "numbers",
    help: "The same with vectors for each cross-attention layer of the U-Net (P+, XTI), as training with --xti makes them. Stable Diffusion 1 and 2 only.",
  },
  sdxl: { type: "switch", effect: "numbers", help: "The model is an SDXL; found out from its weights unless said." },
  v1: { type: "switch", effect: "numbers", help: "The model is a Stable Diffusion 1.x." },
  v2: { type: "switch", effect: "numbers", help: "The model is a Stable Diffusion 2.x." },
  v_parameterization: { type: "switch", effect: "numbers", help: "The model predicts velocity instead of noise." },
  zero_terminal_snr: {
    type: "switch",
    effect: "numbers",
    help: "Rescale the noise schedule so that the last timestep is pure noise.",
  },
  clip_skip: {
    type: "int",
    minimum: 1,
    effect: "numbers",
    help: "Take the text encoder's output this many layers from the end. Unless said 1, for SDXL 2.",
  },
  ...tokenizerOptions,
} as const satisfies OptionTable;

export const pictureFileOptions = {
  outdir: {
    type: "string",
    setting: "outputDir",
    default: "outputs",
    effect: "files",
    help: "Folder for the pictures; made when it is not there.",
  },
  sequential_file_name: { type: "switch", effect: "files", help: "Number the files: im_000001.png, im_000002.png." },
  use_original_file_name: { type: "switch", effect: "files", help: "Name a file after the picture it was made from." },
} as const satisfies OptionTable;

export const generateSpeedOptions = {
  vae_batch_size: {
    type: "float",
    effect: "speed",
    help: "Pictures the VAE takes at once; below 1 a share of the batch, the whole batch unless said.",
  },
  vae_slices: {
    type: "int",
    minimum: 1,
    effect: "speed",
    help: "Bands of a picture the VAE works on one after another, to save memory; unless said 1, and 8 for more than 512 x 512 pixels.",
  },
  no_half_vae: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the VAE is computed in float32 in any case",
    help: "Compute the VAE in float32 even with --fp16 or --bf16.",
  },
  fp16: {
    type: "switch",
    effect: "numbers",
    help: "Compute convolutions, matrix products and attention in float16 on GPUs; the processor computes in float32.",
  },
  bf16: { type: "switch", effect: "numbers", help: "As --fp16: the runtime has no convolutions in bfloat16." },
  ...attentionOptions,
  diffusers_xformers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Attention of xformers by way of diffusers.",
  },
  opt_channels_last: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the runtime chooses the layout in memory by itself",
    help: "Keep channels last in memory.",
  },
} as const satisfies OptionTable;
