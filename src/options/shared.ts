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

/** Flags that sd-scripts' trainer and generator have in common. */
export const consoleOptions = {
  console_log_level: {
    type: "string",
    choices: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    effect: "display",
    help: "How much is told: with WARNING only warnings, with ERROR and CRITICAL nothing but what ends the command. INFO unless said.",
  },
  console_log_file: {
    type: "string",
    effect: "display",
    help: "File for messages in place of the terminal, written anew. Results and what ends the command stay on the terminal.",
  },
  console_log_simple: {
    type: "switch",
    effect: "display",
    help: "Plain lines: no colour, and no line that is written over.",
  },
} as const satisfies OptionTable;

/** What `--sampler` may be in sd-scripts. */
export const sdScriptsSamplers = [
  "ddim",
  "pndm",
  "lms",
  "euler",
  "euler_a",
  "heun",
  "dpm_2",
  "dpm_2_a",
  "dpmsolver",
  "dpmsolver++",
  "dpmsingle",
  "k_lms",
  "k_euler",
  "k_euler_a",
  "k_dpm_2",
  "k_dpm_2_a",
] as const;

/** What it may be here besides. */
export const ownSamplers = [
  "dpmpp_2m_karras",
  "dpmpp_2m_sde_karras",
  "dpmpp_sde_karras",
  "unipc",
  "lcm",
  "ddpm",
] as const;
