import { CoinageError } from "../errors/index.ts";
import { type CommandName, resolveCommand } from "../options/index.ts";
import { laterCommands } from "./commands.ts";

export interface Invocation {
  readonly command: CommandName;
  /** The words behind the command's name, after the flags that the name stands for. */
  readonly words: readonly string[];
}

/** The command that a command line calls. A whole command line of sd-scripts may stand there, or behind the command:
 *  `accelerate launch --num_cpu_threads_per_process 1 train_textual_inversion.py --...`.
 *  @throws USAGE, COMMAND_LATER */
export function readInvocation(argv: readonly string[]): Invocation {
  const pasted = pastedProgram(argv);
  const [word = "", ...rest] = pasted ?? argv;
  const { command, flags } = commandOf(word);
  const words = [...flags, ...rest];
  if (pasted) return { command, words };
  const inner = ["train", "generate", "plan"].includes(command) ? pastedProgram(rest) : undefined;
  if (!inner) return { command, words };
  const called = readInvocation(inner);
  return command === "plan" ? { command, words: called.words } : called;
}

function commandOf(word: string): ReturnType<typeof resolveCommand> {
  const later = laterCommands[word];
  if (later === undefined) return resolveCommand(word);
  throw new CoinageError("COMMAND_LATER", `"${word}" comes in a later version: it will ${later}.`, {
    hint: "coinage --help lists what is there.",
  });
}

/** The name of an sd-scripts program and its flags, where a command line begins with it or with what starts it. */
function pastedProgram(argv: readonly string[]): string[] | undefined {
  const [first = ""] = argv;
  const at = /^(accelerate|python[\d.]*)(\.exe)?$/.test(first) ? argv.findIndex(isScript) : isScript(first) ? 0 : -1;
  if (at < 0) return undefined;
  return [argv[at]!.split(/[\\/]/).at(-1)!, ...argv.slice(at + 1)];
}

function isScript(word: string): boolean {
  return word.endsWith(".py") && !word.startsWith("-");
}
