import type { OptionTable } from "./option.ts";

// Flags shared by training and generation.

export const noScoreMatrix = "attention never builds the full score matrix anyway";

export const tokenizerOptions = {
  tokenizer_cache_dir: {
    type: "string",
    effect: "accepted-without-effect",
    note: "the tokenizer comes with coinage",
    help: "Folder for cached tokenizer files.",
  },
} as const satisfies OptionTable;

export const attentionOptions = {
  xformers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Use the attention of the xformers library.",
  },
  sdpa: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Use PyTorch's fused attention.",
  },
} as const satisfies OptionTable;

/** Flags that sd-scripts' trainer and generator share. */
export const consoleOptions = {
  console_log_level: {
    type: "string",
    choices: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    effect: "display",
    help: "Which messages are shown: with WARNING only warnings, with ERROR and CRITICAL only the error that ends the command. Default: INFO.",
  },
  console_log_file: {
    type: "string",
    effect: "display",
    help: "Write messages to this file instead of the terminal; an existing file is overwritten. Results and the error that ends the command stay on the terminal.",
  },
  console_log_simple: {
    type: "switch",
    effect: "display",
    help: "Plain lines: no colours and no progress line that is redrawn.",
  },
} as const satisfies OptionTable;

/** Values of sd-scripts' `--sampler`. */
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

/** Samplers that sd-scripts does not have. */
export const ownSamplers = [
  "dpmpp_2m_karras",
  "dpmpp_2m_sde_karras",
  "dpmpp_sde_karras",
  "unipc",
  "lcm",
  "ddpm",
] as const;
