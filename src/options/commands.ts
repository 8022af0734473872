import { CoinageError, nearestName } from "../errors/index.ts";

/** Names of sd-scripts' programs by the command that takes their flags. */
const synonyms = {
  train: ["train_textual_inversion", "sdxl_train_textual_inversion"],
  generate: ["gen_img", "gen_img_diffusers"],
  inspect: [],
  convert: [],
  plan: [],
  demo: [],
  devices: [],
} as const;

export type CommandName = keyof typeof synonyms;

export const commandNames = Object.keys(synonyms) as CommandName[];

/** Programs of sd-scripts that are known but not followed, and why. */
const refused: Readonly<Record<string, string>> = {
  train_textual_inversion_XTI:
    "P+ (XTI), a vector for each of the U-Net's 16 attention layers, is not there. sd-scripts' own script has been broken since its captions were reworked",
};

/** The command a word names: its own name, or the sd-scripts program it stands in for, with or without ".py".
 *  @throws USAGE, OPTION_UNSUPPORTED */
export function resolveCommand(word: string): CommandName {
  const program = word.replace(/\.py$/, "");
  const reason = Object.hasOwn(refused, program) ? refused[program] : undefined;
  if (reason)
    throw new CoinageError("OPTION_UNSUPPORTED", `${word} cannot be followed: ${reason}.`, {
      hint: "Train an ordinary word with the same flags: coinage train.",
    });
  const found = commandNames.find((name) => name === word || (synonyms[name] as readonly string[]).includes(program));
  if (found) return found;
  const near = nearestName(word, commandNames);
  throw new CoinageError("USAGE", `There is no command "${word}".`, {
    hint: near ? `Did you mean ${near}?` : `Commands: ${commandNames.join(", ")}`,
  });
}
