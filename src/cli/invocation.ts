import { CoinageError } from "../errors/index.ts";
import { type CommandName, commandNames, laterCommands, resolveCommand } from "./commands.ts";
import { pastedProgram } from "./pasted.ts";

export interface Invocation {
  readonly command: CommandName;
  /** The words after the command's name, preceded by the flags that the name implies. */
  readonly words: readonly string[];
}

/** The command that a command line calls. It may be a complete command line of sd-scripts, also after the name of the command:
 *  `accelerate launch --num_cpu_threads_per_process 1 train_textual_inversion.py --...`.
 *  @throws USAGE, COMMAND_LATER */
export function readInvocation(argv: readonly string[]): Invocation {
  const [first = "", ...following] = argv;
  const own = commandNames.find((name) => name === first);
  const pasted = own ? undefined : pastedProgram(argv);
  const [word, ...rest] = pasted ?? [first, ...following];
  const { command, flags } = commandOf(word!);
  const words = [...flags, ...rest];
  const inner = own && ["train", "generate", "plan"].includes(own) ? pastedProgram(rest) : undefined;
  if (!inner) return { command, words };
  const called = readInvocation(inner);
  return command === "plan" ? { command, words: called.words } : called;
}

function commandOf(word: string): ReturnType<typeof resolveCommand> {
  if (!Object.hasOwn(laterCommands, word)) return resolveCommand(word);
  throw new CoinageError("COMMAND_LATER", `"${word}" is planned for a later version: it will ${laterCommands[word]}.`, {
    hint: "coinage --help lists the available commands.",
  });
}
