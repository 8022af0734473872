import { CoinageError } from "../errors/index.ts";
import { type CommandName, commandNames, programNames, resolveCommand } from "./commands.ts";

export interface Invocation {
  readonly command: CommandName;
  /** The words after the command's name, after the flags that the name implies. */
  readonly words: readonly string[];
}

/** The command that a command line calls. Accepts a complete command line of sd-scripts, also after the command's name:
 *  `accelerate launch --num_cpu_threads_per_process 1 train_textual_inversion.py --...`.
 *  @throws USAGE */
export function readInvocation(argv: readonly string[]): Invocation {
  const [first = "", ...following] = argv;
  const own = commandNames.find((name) => name === first);
  const pasted = own ? undefined : pastedProgram(argv);
  const [word, ...rest] = pasted ?? [first, ...following];
  const { command, flags } = resolveCommand(word!);
  const words = [...flags, ...rest];
  const inner = own && ["train", "generate", "plan"].includes(own) ? pastedProgram(rest) : undefined;
  if (!inner) return { command, words };
  const called = readInvocation(inner);
  return command === "plan" ? { command, words: called.words } : called;
}

/** The name of a Python program and its flags from a pasted command line. The program may follow whatever starts it: paths,
 *  environment variables, `accelerate launch` with its flags; one word may contain the whole command line, with line ends and quotes.
 *  @throws USAGE if the program itself is missing */
export function pastedProgram(argv: readonly string[]): string[] | undefined {
  if (argv[0]?.startsWith("-")) return undefined;
  const found = findWord(argv, (word) => programNames.includes(programOf(word))) ?? findWord(argv, isScript);
  if (found && isStart(found.before)) return [baseName(found.word), ...found.after.map(unquoted)];
  const firstFlag = argv.findIndex((word) => word.startsWith("-"));
  if (!argv.slice(0, firstFlag < 0 ? argv.length : firstFlag).some(isLauncher)) return undefined;
  throw new CoinageError("USAGE", "The pasted command line ends before the name of a program.", {
    hint: `Paste it as one line, or put quotes around it. Programs: ${programNames.map((name) => `${name}.py`).join(", ")}`,
  });
}

interface Found {
  readonly before: readonly string[];
  readonly word: string;
  readonly after: readonly string[];
}

/** The first word that fits, in a command line whose words may contain several. */
function findWord(argv: readonly string[], fits: (word: string) => boolean): Found | undefined {
  for (const [at, text] of argv.entries()) {
    // the path to a program may contain spaces
    const commands = /\s/.test(text) && !fits(text) ? splitCommandLine(text) : [[text]];
    const words = commands.find((command) => command.some(fits));
    if (!words) continue;
    const inside = words.findIndex(fits);
    const before = [...argv.slice(0, at), ...words.slice(0, inside)];
    return { before, word: words[inside]!, after: [...words.slice(inside + 1), ...argv.slice(at + 1)] };
  }
  return undefined;
}

/** Whether these words can precede a program: a launcher, or environment variables, or nothing. */
function isStart(before: readonly string[]): boolean {
  return before.some(isLauncher) || before.every((word) => /^\w+=/.test(word));
}

const launchers =
  /^(accelerate(-launch)?|i?python[\d.]*w?|py|uvx?|torchrun|deepspeed|conda|mamba|micromamba|poetry|pipenv|pixi)(\.(exe|cmd|bat))?$/i;
/** A Windows path to a launcher after bash has removed the backslashes. */
const launcherWithoutBackslashes = /^\w:.*(accelerate|python)\.exe$/i;

function isLauncher(text: string): boolean {
  return text.split(/\s+/).some((word) => launchers.test(baseName(word)) || launcherWithoutBackslashes.test(word));
}

function isScript(word: string): boolean {
  return baseName(word).endsWith(".py") && !word.startsWith("-");
}

/** The name of a program, "train_textual_inversion", from any path to it. */
function programOf(word: string): string {
  return baseName(word).replace(/\.py$/, "");
}

/** The last part of a path, without quotes and a notebook's ! or %. */
function baseName(word: string): string {
  return word
    .replace(/^[!%]|["']/g, "")
    .split(/[\\/]/)
    .at(-1)!;
}

/** A word without quotes: cmd.exe keeps single ones, every shell keeps typographic ones, and pasted text may have any. */
function unquoted(word: string): string {
  return word.replace(/^(--\w+=)?(?:(["'])(\S*)\2|“(\S*)”|‘(\S*)’)$/, "$1$3$4$5");
}

/** What ends a command in a shell: another command (&&, ||, |, ;, &), a redirection (> log.txt, 2>&1), a comment. */
const operators = new Set([";", "&", "|", "<", ">"]);

/** The commands of a command line for any shell, and their words: \, ^ and ` continue a line; quotes group words;
 *  backslashes may be path separators. */
function splitCommandLine(text: string): string[][] {
  const line = text.replace(/[\\^`][ \t]*\r?\n/g, " ");
  let words: string[] = [];
  const commands = [words];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!;
    if (letter === "\\" && isEscaped(line[at + 1], quote, word)) word = (word ?? "") + line[++at];
    else if (letter === quote) quote = undefined;
    else if (quote === undefined && (letter === '"' || letter === "'")) [quote, word] = [letter, word ?? ""];
    else if (quote === undefined && (operators.has(letter) || (letter === "#" && word === undefined))) {
      // a digit before > is a file descriptor
      if (word !== undefined && !(letter === ">" && /^\d$/.test(word))) words.push(word);
      [word, words] = [undefined, []];
      commands.push(words);
    } else if (quote !== undefined || /\S/.test(letter)) word = (word ?? "") + letter;
    else {
      if (word !== undefined) words.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) words.push(word);
  return commands;
}

/** Whether a backslash escapes the next character; it may also be the end of a Windows path. */
function isEscaped(letter: string | undefined, quote: string | undefined, word = ""): boolean {
  const isWindowsPath = /^\w:|\\/.test(word);
  if (quote === undefined) return letter === '"' || letter === "'" || (letter === " " && !isWindowsPath);
  return quote === '"' && letter === '"' && !isWindowsPath;
}
