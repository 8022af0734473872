import type { CommandName } from "../options/index.ts";
import type { Terminal } from "../reporters/index.ts";
import type { ExitCode } from "./exit-codes.ts";

/** Runs a command with the words behind its name. */
export type Command = (words: readonly string[], terminal: Terminal) => Promise<ExitCode>;

interface CommandEntry {
  readonly usage: string;
  readonly about: string;
  /** Loads the command when it is asked for: others need not wait for what it imports. */
  readonly load: () => Promise<Command>;
}

export const commands: Readonly<Record<CommandName, CommandEntry>> = {
  train: {
    usage: "train FLAGS",
    about: "teach a model a new word (sd-scripts' train_textual_inversion.py flags)",
    load: async () => (await import("./train.ts")).trainCommand,
  },
  generate: {
    usage: "generate FLAGS",
    about: "draw pictures (sd-scripts' gen_img.py flags)",
    load: async () => (await import("./generate.ts")).generateCommand,
  },
  inspect: {
    usage: "inspect FILE... [--json]",
    about: "say what a model, embedding or picture is",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  convert: {
    usage: "convert IN OUT [--to LAYOUT]",
    about: "write an embedding for another program",
    load: async () => (await import("./convert.ts")).convertCommand,
  },
  plan: {
    usage: "plan FLAGS [--json]",
    about: "tell memory and time of a training run before it starts (train's flags)",
    load: async () => (await import("./plan.ts")).planCommand,
  },
  devices: {
    usage: "devices [--json]",
    about: "say what this machine can compute on, and how fast",
    load: async () => (await import("./devices.ts")).devicesCommand,
  },
  demo: {
    usage: "demo",
    about: "teach the shipped small model a word, in about a minute",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
};

/** Commands that are planned. */
export const laterCommands: Readonly<Record<string, string>> = {
  studio: "train and draw in the browser",
  worker: "share a run among machines",
};
