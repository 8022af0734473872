import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../src", import.meta.url));
const mark = "differs from sd-scripts:";

interface Difference {
  /** Path below src. */
  readonly file: string;
  /** What the comment is about, where it says so. */
  readonly subject: string;
  readonly text: string;
}

/** The page docs/differences.md: every comment in the code that begins with the mark. */
export function differencesMarkdown(): string {
  const differences = allDifferences();
  const rooms = [...new Set(differences.map(roomOf))];
  return [
    "# Where we differ from sd-scripts on purpose",
    "",
    "Everything else is meant to behave the same: if it does not, it is a defect.",
    '"It" and "there" mean sd-scripts; most of what is told here are mistakes of it that nobody can rely on.',
    "This page is collected from comments in the code by `npm run docs`.",
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

function itemOf({ file, subject, text }: Difference): string {
  const words = [subject && `*${subject}*`, text].filter(Boolean).join(" ");
  return `- ${words.replaceAll("<", "&lt;")} ([${path.posix.basename(file)}](../src/${file}))`;
}

function allDifferences(): Difference[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .sort();
  return files.flatMap((file) =>
    differencesIn(readFileSync(path.join(source, file), "utf8")).map((difference) => ({ file, ...difference })),
  );
}

/** The texts behind the mark, each up to the end of its comment or to what the comment says about errors. */
function differencesIn(code: string): Omit<Difference, "file">[] {
  const lines = code.split("\n");
  return lines.flatMap((line, at) => {
    const start = line.indexOf(mark);
    if (start < 0) return [];
    const first = line.slice(start + mark.length);
    const isBlock = !line.slice(0, start).includes("//");
    const rest = isBlock ? restOfBlock(first, lines, at) : restOfLines(lines, at);
    return [{ subject: isBlock ? subjectOf(lines, at) : "", text: asSentence([first, ...rest].join(" ")) }];
  });
}

/** The first sentence of the comment around a line, where it stands before the mark. */
function subjectOf(lines: readonly string[], at: number): string {
  const start = lines.findLastIndex((line, i) => i <= at && line.includes("/**"));
  const comment = lines.slice(start, at + 1).map((line) => line.replace(/^\s*(\/\*\*|\*)/, ""));
  const before = comment.join(" ").split(mark)[0]!.trim();
  return before && asSentence(before.split(/(?<=\.)\s/)[0]!);
}

function restOfBlock(first: string, lines: readonly string[], at: number): string[] {
  if (first.includes("*/")) return [];
  const end = lines.findIndex((line, i) => i > at && line.includes("*/"));
  return lines.slice(at + 1, end + 1).map((line) => line.replace(/^\s*\*(?!\/)/, ""));
}

function restOfLines(lines: readonly string[], at: number): string[] {
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !/^\s*\/\//.test(line) || line.includes(mark));
  return rest.slice(0, end).map((line) => line.replace(/^\s*\/\//, ""));
}

function asSentence(text: string): string {
  const plain = text
    .replace(/\*\/.*$/, "")
    .replace(/\s@(throws|returns)\b.*$/, "")
    .replace(/\s+/g, " ")
    .trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1).replace(/[.;,]?$/, ".");
}
