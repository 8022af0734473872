import { CoinageError, nearestName } from "../errors/index.ts";
import type { Terminal } from "../reporters/index.ts";
import type { ExitCode } from "./output.ts";
import { packageVersion, program } from "./program.ts";

/** A command, called with the words after its name. */
export type Command = (words: readonly string[], terminal: Terminal) => Promise<ExitCode>;

interface CommandEntry {
  readonly usage: string;
  readonly about: string;
  /** Programs of sd-scripts whose flags the command takes. */
  readonly programs?: readonly string[];
}

export const commands = {
  train: {
    usage: "train FLAGS",
    about: "teach a model a new word (sd-scripts' train_textual_inversion.py flags)",
    programs: ["train_textual_inversion", "sdxl_train_textual_inversion", "train_textual_inversion_XTI"],
  },
  generate: {
    usage: "generate FLAGS",
    about: "generate images (sd-scripts' gen_img.py flags)",
    programs: ["gen_img", "gen_img_diffusers"],
  },
  inspect: {
    usage: "inspect FILE... [--json]",
    about: "say what a model, embedding or image is",
  },
  convert: {
    usage: "convert IN OUT [--to LAYOUT]",
    about: "write an embedding for another program",
  },
  report: {
    usage: "report FILE [FLAGS]",
    about: "show in a page what an embedding has learned: images, curves, a verdict",
  },
  plan: {
    usage: "plan FLAGS [--workers N] [--json]",
    about: "estimate memory and time of a training run before it starts (train's flags)",
  },
  devices: {
    usage: "devices [--json]",
    about: "list the devices of this machine, and how fast they are",
  },
  studio: {
    usage: "studio [--port N]",
    about: "teach a word in the browser, on this machine",
  },
  runs: {
    usage: "runs [--json]",
    about: "list the runs that have folders of their own (train --run), and how they stand",
  },
  stop: {
    usage: "stop RUN [--now]",
    about: "stop such a run from anywhere; what it has learned is saved",
  },
  worker: {
    usage: "worker --queue URL [FLAGS]",
    about: "compute for runs of other machines (train --queue)",
  },
  cluster: {
    usage: "cluster [clean|acl] --queue URL",
    about: "show who takes part in shared runs",
  },
  sweep: {
    usage: "sweep FILE [FLAGS]",
    about: "train and compare runs with all combinations of some settings",
  },
  demo: {
    usage: "demo",
    about: "teach the bundled small model a word, in about a minute",
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands) as CommandName[];

/** Flags that a program of sd-scripts implies besides its command. */
const flagsOfPrograms: Readonly<Record<string, readonly string[]>> = { train_textual_inversion_XTI: ["--xti"] };

/** All programs of sd-scripts that have a command. */
export const programNames: readonly string[] = commandNames.flatMap(programsOf);

function programsOf(name: CommandName): readonly string[] {
  const { programs = [] }: CommandEntry = commands[name];
  return programs;
}

/** The command that the first word of a command line names. */
export interface NamedCommand {
  readonly command: CommandName;
  /** Flags to insert before the given ones. */
  readonly flags: readonly string[];
}

/** The command a word names: its own name, or that of the sd-scripts program it replaces, with or without ".py". @throws USAGE */
export function resolveCommand(word: string): NamedCommand {
  const programName = word.replace(/\.py$/, "");
  const command = commandNames.find((name) => name === word || programsOf(name).includes(programName));
  if (command) return { command, flags: flagsOfPrograms[programName] ?? [] };
  const near = nearestName(programName, [...commandNames, ...programNames]);
  throw new CoinageError("USAGE", `Unknown command "${word}".`, {
    hint: near ? `Did you mean ${near}?` : `Commands: ${commandNames.join(", ")}`,
  });
}

/** The text of `coinage --help`. */
export function overview(): string {
  const called = program();
  const rows = Object.values(commands).map(({ usage, about }) => [usage, about] as const);
  return [
    `coinage ${packageVersion()}: teach Stable Diffusion a new word from a few images.`,
    "",
    "See it work:",
    `  ${called} demo`,
    "Teach the word mycat from the images in the folder pictures:",
    `  ${called} train --recipe auto --pretrained_model_name_or_path model.safetensors --train_data_dir pictures \\`,
    "    --token_string mycat --init_word cat",
    "Generate images with it:",
    `  ${called} generate --ckpt model.safetensors --textual_inversion_embeddings coinage-mycat/mycat.safetensors \\`,
    '    --prompt "a photo of mycat in the snow"',
    "",
    "Commands:",
    ...rows.map(([usage, about]) => `  ${usage.padEnd(30)} ${about}`),
    "",
    `${called} COMMAND --help explains a command. A command line of sd-scripts can be pasted as it is.`,
    "",
  ].join("\n");
}
