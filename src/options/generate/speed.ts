import { attentionOptions, noScoreMatrix } from "../common.ts";
import type { OptionTable } from "../option.ts";

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
