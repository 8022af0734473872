import type { OptionTable } from "./option.ts";

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
