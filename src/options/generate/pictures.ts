import { tokenizerOptions } from "../common.ts";
import type { OptionTable } from "../option.ts";
import { ownSamplers, sdScriptsSamplers } from "../samplers.ts";

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

export const samplingOptions = {
  W: {
    type: "int",
    setting: "width",
    minimum: 8,
    effect: "numbers",
    help: "Width, a multiple of 8; 512 unless said, for SDXL 1024.",
  },
  H: {
    type: "int",
    setting: "height",
    minimum: 8,
    effect: "numbers",
    help: "Height, a multiple of 8; 512 unless said, for SDXL 1024.",
  },
  batch_size: { type: "int", minimum: 1, default: 1, effect: "speed", help: "Pictures computed at once." },
  steps: { type: "int", minimum: 1, default: 50, effect: "numbers", help: "Sampling steps." },
  sampler: {
    type: "string",
    choices: [...sdScriptsSamplers, ...ownSamplers],
    default: "ddim",
    effect: "numbers",
    help: "Sampler. Those from dpmpp_2m_karras on are not in sd-scripts.",
  },
  scale: {
    type: "float",
    setting: "guidanceScale",
    default: 7.5,
    effect: "numbers",
    help: "Guidance: how closely the prompt is followed. Up to 1 there is none.",
  },
  negative_scale: { type: "float", effect: "numbers", help: "Guidance of its own for the negative prompt." },
  seed: {
    type: "int",
    effect: "numbers",
    help: "Start of all random numbers. Without one, or with -1, every run is different.",
  },
  iter_same_seed: {
    type: "switch",
    effect: "numbers",
    help: "The same seed for all pictures of one time through the prompts.",
  },
  pyramid_noise_prob: { type: "float", effect: "numbers", help: "How often coarser noise is added to the start." },
  pyramid_noise_discount_range: {
    type: "float",
    count: 2,
    effect: "numbers",
    help: "How much weaker each coarser level is: drawn between these two.",
  },
  noise_offset_prob: {
    type: "float",
    effect: "numbers",
    help: "How often a noise that is constant over each channel is added.",
  },
  noise_offset_range: {
    type: "float",
    count: 2,
    effect: "numbers",
    help: "Strength of that noise: drawn between these two.",
  },
} as const satisfies OptionTable;

export const sizeConditionOptions = {
  original_width: {
    type: "int",
    effect: "numbers",
    help: "Width the model is told the picture had; the real one unless said.",
  },
  original_height: { type: "int", effect: "numbers", help: "Height the model is told the picture had." },
  original_width_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  original_height_negative: { type: "int", effect: "numbers", help: "The same for the negative prompt." },
  crop_left: { type: "int", effect: "numbers", help: "Left edge the model is told was cut away; 0 unless said." },
  crop_top: { type: "int", effect: "numbers", help: "Upper edge the model is told was cut away." },
} as const satisfies OptionTable;
