import { CoinageError, nearestName } from "../errors/index.ts";

/** Names of sd-scripts' programs by the command that takes their flags. */
const synonyms = {
  train: ["train_textual_inversion", "sdxl_train_textual_inversion", "train_textual_inversion_XTI"],
  generate: ["gen_img", "gen_img_diffusers"],
  inspect: [],
  convert: [],
  plan: [],
  demo: [],
  devices: [],
} as const;

/** Flags that a program of sd-scripts stands for beside its command. */
const flagsOfPrograms: Readonly<Record<string, readonly string[]>> = { train_textual_inversion_XTI: ["--xti"] };

export type CommandName = keyof typeof synonyms;

export const commandNames = Object.keys(synonyms) as CommandName[];

/** The programs of sd-scripts that a command stands in for. */
export const programNames: readonly string[] = Object.values(synonyms).flat();

/** What the first word of a command line names. */
export interface NamedCommand {
  readonly command: CommandName;
  /** Flags to read before those that follow. */
  readonly flags: readonly string[];
}

/** The command a word names: its own name, or the sd-scripts program it stands in for, with or without ".py". @throws USAGE */
export function resolveCommand(word: string): NamedCommand {
  const program = word.replace(/\.py$/, "");
  const command = commandNames.find((name) => name === word || (synonyms[name] as readonly string[]).includes(program));
  if (command) return { command, flags: flagsOfPrograms[program] ?? [] };
  const near = nearestName(program, [...commandNames, ...programNames]);
  throw new CoinageError("USAGE", `There is no command "${word}".`, {
    hint: near ? `Did you mean ${near}?` : `Commands: ${commandNames.join(", ")}`,
  });
}
