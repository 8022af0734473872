import type { OptionTable } from "./option.ts";

/** Flags that sd-scripts' trainer and generator have in common. */
export const consoleOptions = {
  console_log_level: {
    type: "string",
    choices: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    effect: "display",
    state: "later",
    note: "messages of level INFO and above are shown",
    help: "How much is told; INFO unless said.",
  },
  console_log_file: {
    type: "string",
    effect: "display",
    state: "later",
    note: "messages go to the terminal",
    help: "File for messages in place of the terminal.",
  },
  console_log_simple: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "messages are plain lines in any case",
    help: "Plain lines instead of decorated ones.",
  },
} as const satisfies OptionTable;
