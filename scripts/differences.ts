import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../src", import.meta.url));
const mark = "differs from sd-scripts:";

/** A comment on behaviour that differs on purpose: what sd-scripts does, what coinage does, and why. */
interface Difference {
  /** Path relative to src. */
  readonly file: string;
  readonly sdScripts: string;
  readonly coinage: string;
  readonly because: string;
}

/** The page docs/differences.md: every comment in the code that starts with the mark.
 *  @throws Error naming a comment that lacks one of its three sentences */
export function differencesMarkdown(): string {
  const differences = allDifferences();
  const rooms = [...new Set(differences.map(roomOf))];
  return [
    "# Deliberate differences from sd-scripts",
    "",
    "Everything else is meant to behave the same; if it does not, that is a bug.",
    "This page is generated from comments in the code by `npm run docs`.",
    "",
    ...rooms.flatMap((room) => [
      `## ${room}`,
      "",
      ...differences.filter((difference) => roomOf(difference) === room).map(itemOf),
      "",
    ]),
  ].join("\n");
}

function roomOf({ file }: Difference): string {
  return file.split("/")[0]!;
}

function itemOf({ file, sdScripts, coinage, because }: Difference): string {
  const text = `**sd-scripts:** ${sdScripts} **coinage:** ${coinage.replace(/\.$/, "")}, because ${because}`;
  return `- ${escapeTags(text)} ([${path.posix.basename(file)}](../src/${file}))`;
}

/** Escapes text so that Markdown takes no word outside of code for an HTML tag. */
function escapeTags(text: string): string {
  return text.replace(/`[^`]*`|</g, (match) => (match === "<" ? "&lt;" : match));
}

function allDifferences(): Difference[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .sort();
  return files.flatMap((file) => differencesIn(readFileSync(path.join(source, file), "utf8"), file));
}

/** The differences in a file's comments:
 *
 *      // differs from sd-scripts: a resumed run counts steps and epochs from 0 again.
 *      // coinage: they continue from the state.
 *      // because: file names would repeat.
 *
 *  A docstring states one in the same way. */
export function differencesIn(code: string, file: string): Difference[] {
  const lines = code.split(/\r?\n/);
  return lines.flatMap((line, at) => {
    const start = line.indexOf(mark);
    if (start < 0) return [];
    const first = line.slice(start + mark.length);
    const isBlock = !line.slice(0, start).includes("//");
    const rest = isBlock ? restOfBlock(first, lines, at) : restOfLines(lines, at);
    const [sdScripts, coinage, because, ...others] = [first, ...rest].join("\n").split(/\n\s*(?:coinage|because):/);
    if (!coinage || !because || others.length > 0)
      throw new Error(
        `src/${file}, line ${at + 1}: "${mark}", "coinage:" and "because:" belong together, in this order`,
      );
    return [{ file, sdScripts: sentenceOf(sdScripts!), coinage: sentenceOf(coinage), because: sentenceOf(because) }];
  });
}

function restOfBlock(first: string, lines: readonly string[], at: number): string[] {
  if (first.includes("*/")) return [];
  const end = lines.findIndex((line, i) => i > at && line.includes("*/"));
  const rest = lines.slice(at + 1, end + 1).map((line) => line.replace(/^\s*\*(?!\/)/, ""));
  const nextTag = rest.findIndex((line) => /^\s*(@|Source:|$)/.test(line));
  return nextTag < 0 ? rest : rest.slice(0, nextTag);
}

function restOfLines(lines: readonly string[], at: number): string[] {
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !/^\s*\/\//.test(line) || line.includes(mark));
  return (end < 0 ? rest : rest.slice(0, end)).map((line) => line.replace(/^\s*\/\//, ""));
}

/** A text on one line, without the comment's errors and sources, ending in a full stop. */
function sentenceOf(text: string): string {
  return text
    .replace(/\*\/.*$/s, "")
    .replace(/\s(@(throws|returns)|Source:).*$/s, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.;,]?$/, ".");
}
