import type { OptionTable } from "./option.ts";

// What training and generating have in common.

export const noScoreMatrix = "attention here never builds the full score matrix anyway";

export const tokenizerOptions = {
  tokenizer_cache_dir: {
    type: "string",
    effect: "accepted-without-effect",
    note: "the tokenizer's files are part of this program",
    help: "Folder to keep tokenizer files in.",
  },
} as const satisfies OptionTable;

export const attentionOptions = {
  xformers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Attention of the xformers library.",
  },
  sdpa: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "PyTorch's own fused attention.",
  },
} as const satisfies OptionTable;
