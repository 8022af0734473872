import type { OptionTable } from "../option.ts";

export const settingsFileOptions = {
  config_file: {
    type: "string",
    effect: "files",
    help: "TOML file of settings; .toml is added when missing. What the command line gives goes before it.",
  },
  output_config: {
    type: "switch",
    effect: "files",
    help: "Write the settings that differ from their defaults to the file named by --config_file and stop.",
  },
} as const satisfies OptionTable;
