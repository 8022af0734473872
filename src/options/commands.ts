import { CoinageError, nearestName } from "../errors/index.ts";

/** Names of sd-scripts' programs by the command that takes their flags. */
const synonyms = {
  train: ["train_textual_inversion", "sdxl_train_textual_inversion"],
  generate: ["gen_img", "gen_img_diffusers"],
  inspect: [],
  convert: [],
  plan: [],
  demo: [],
} as const;

export type CommandName = keyof typeof synonyms;

export const commandNames = Object.keys(synonyms) as CommandName[];

/** The command a word names: its own name, or the sd-scripts program it stands in for, with or without ".py".
 *  @throws USAGE */
export function resolveCommand(word: string): CommandName {
  const program = word.replace(/\.py$/, "");
  const found = commandNames.find((name) => name === word || (synonyms[name] as readonly string[]).includes(program));
  if (found) return found;
  const near = nearestName(word, commandNames);
  throw new CoinageError("USAGE", `There is no command "${word}".`, {
    hint: near ? `Did you mean ${near}?` : `Commands: ${commandNames.join(", ")}`,
  });
}
