import type { OptionTable } from "../option.ts";
import { sdScriptsSamplers } from "../samplers.ts";

export const sampleOptions = {
  sample_prompts: {
    type: "string",
    effect: "files",
    help: "File of prompts to draw during training: .txt with one a line, .toml or .json.",
  },
  sample_every_n_steps: {
    type: "int",
    effect: "files",
    help: "Draw them after every so many steps.",
  },
  sample_every_n_epochs: {
    type: "int",
    effect: "files",
    help: "Draw them after every so many epochs; wins over the steps.",
  },
  sample_at_first: {
    type: "switch",
    effect: "files",
    help: "Draw them before the first step as well.",
  },
  sample_sampler: {
    type: "string",
    choices: sdScriptsSamplers,
    default: "ddim",
    effect: "files",
    help: "Sampler for prompts that name none.",
  },
} as const satisfies OptionTable;
