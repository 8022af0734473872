import { describe, expect, test } from "vitest";
import { parseGenerateArguments } from "./generate/request.ts";
import { generateTable } from "./generate/table.ts";
import { helpText } from "./help.ts";
import { parseTrainArguments } from "./train/request.ts";
import { trainTable } from "./train/table.ts";

const commands = [
  ["train", trainTable, parseTrainArguments],
  ["generate", generateTable, parseGenerateArguments],
] as const;

describe.each(commands)("the help of %s", (command, table, parse) => {
  test("leads with three examples that are valid command lines", () => {
    const head = helpText(command, 100).split("\n").slice(2).join("\n").replaceAll(" \\\n", " ");
    const examples = head
      .split("\n")
      .filter((line) => line.startsWith(`  coinage ${command} `))
      .slice(0, 3);
    expect(examples).toHaveLength(3);
    for (const example of examples) {
      const argv = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!).slice(2);
      expect(parse(argv).warnings).toEqual([]);
    }
  });

  test("names every flag", () => {
    const text = helpText(command, 80);
    for (const name of Object.keys(table)) expect(text).toMatch(new RegExp(`^  --${name}( |$)`, "m"));
  });

  test.each([60, 80, 120])("keeps to %i columns", (width) => {
    const lines = helpText(command, width).split("\n");
    expect(lines.filter((line) => line.length > width)).toEqual([]);
  });
});
