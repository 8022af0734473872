import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseArguments } from "./arguments.ts";
import { parseSettingsFile, settingsToml } from "./file/toml.ts";
import { generateTable } from "./generate/table.ts";
import type { Option, OptionTable, OptionValue } from "./option.ts";
import { wordsOf } from "./option-values.ts";
import { changedSettings, settingsFrom } from "./settings.ts";
import { trainFileTable, trainTable } from "./train/table.ts";

const integer = (minimum = -1_000_000): fc.Arbitrary<number> => fc.integer({ min: minimum, max: 1_000_000 });
const float = (minimum?: number): fc.Arbitrary<number> =>
  fc.double({ noNaN: true, ...(minimum === undefined ? {} : { min: minimum }) }).map((value) => value || 0);

function word(option: Option): fc.Arbitrary<OptionValue> {
  if (option.choices) return fc.constantFrom(...option.choices);
  switch (option.type) {
    case "string":
      return fc.string({ unit: "grapheme" });
    case "int":
      return integer(option.minimum);
    case "float":
      return float(option.minimum);
    case "switch":
      return fc.constant(true);
    case "intOrRatio":
      return fc.oneof(
        integer(0).map((steps) => ({ steps })),
        // percentages with two decimals: the only way to write a share above 1
        fc.integer({ min: 1, max: 1_000_000 }).map((hundredths) => ({ ratio: hundredths / 100 / 100 })),
      );
    case "size":
      return fc.tuple(integer(1), integer(1));
    case "rates":
      return fc.oneof(float(), fc.constantFrom("0.05:10, 0.02:20, 0.005", "1e-3:7"));
    case "range":
      return fc.tuple(float(), float()).filter(([low, high]) => low <= high);
  }
}

function anyValue(option: Option): fc.Arbitrary<OptionValue> {
  if (!option.count) return word(option);
  // in a list, a word that begins with a dash is taken for a flag, and some others for the end of a line
  const entry = word(option).filter((value) => !/^(-|[\\^`]$|[\r\n]+$)/.test(String(value)));
  const limits = option.count === 2 ? { minLength: 2, maxLength: 2 } : { maxLength: 4 };
  return fc.array(entry, limits) as fc.Arbitrary<OptionValue>;
}

/** Any values of any flags of a table. */
function givenValues(table: OptionTable): fc.Arbitrary<Map<string, OptionValue>> {
  const entries = Object.entries(table).map(([name, option]) =>
    anyValue(option).map((value) => [name, value] as const),
  );
  return fc
    .subarray(entries, { maxLength: 12 })
    .chain((some) => fc.tuple(...some))
    .map((chosen) => new Map(chosen));
}

/** The command line that `parseArguments` reads back as these values. */
function formatArguments(values: ReturnType<typeof changedSettings>): string[] {
  return values.flatMap(([name, option, value]) => {
    if (option.type === "switch") return value ? [`--${name}`] : [];
    const words = wordsOf(option, value);
    return words.length === 1 ? [`--${name}=${words[0]}`] : [`--${name}`, ...words];
  });
}

describe("settings", () => {
  test.each([
    ["train", trainTable as OptionTable],
    ["generate", generateTable as OptionTable],
  ])("of %s written as a command line are read back", (_, table) => {
    fc.assert(
      fc.property(givenValues(table), (given) => {
        const settings = settingsFrom(table, given);
        const argv = formatArguments(changedSettings(table, settings));
        expect(settingsFrom(table, parseArguments(table, argv).given)).toEqual(settings);
      }),
      { numRuns: 300 },
    );
  });

  test("written to a settings file are read back, all but its own name, the key and empty texts", () => {
    fc.assert(
      fc.property(givenValues(trainTable), (given) => {
        for (const left of ["config_file", "output_config", "wandb_api_key"]) given.delete(left);
        for (const [name, value] of given) if (value === "") given.delete(name);
        const settings = { ...settingsFrom(trainFileTable, given), extraMetadata: {}, otherSettings: {} };
        const file = parseSettingsFile(settingsToml(settings), "settings.toml");
        expect({ ...settingsFrom(trainFileTable, file.values), extraMetadata: {}, otherSettings: {} }).toEqual(
          settings,
        );
      }),
      { numRuns: 300 },
    );
  });
});
