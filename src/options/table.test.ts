import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { Size } from "../pictures/index.ts";
import { parseArguments } from "./arguments.ts";
import type { GenerateInput } from "./generate/input.ts";
import { parseGenerateArguments } from "./generate/request.ts";
import { type GivenGenerateSettings, generateGroups, generateTable } from "./generate/table.ts";
import type { Option, OptionTable, StepCount } from "./option.ts";
import { ownGenerateOptions, ownOptions, ownTrainOptions } from "./own.ts";
import { ownSamplers } from "./shared.ts";
import { coverageOf } from "./support.ts";
import type { TrainInput } from "./train/input.ts";
import { learningOptions } from "./train/learning.ts";
import { parseTrainArguments } from "./train/request.ts";
import { type GivenTrainSettings, trainGroups, trainTable } from "./train/table.ts";

interface ReferenceFlag {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly choices: string;
}

function referenceFlags(file: string): ReferenceFlag[] {
  const text = readFileSync(new URL(`../../test/sd-scripts/${file}`, import.meta.url), "utf8");
  const lines = text.split(/\r?\n/).filter((line) => line && !line.startsWith("#"));
  return lines.map((line) => {
    const [name = "", type = "", value = "", choices = ""] = line.split(" ");
    return { name, type, default: value, choices };
  });
}

const tables: [string, OptionTable, typeof trainGroups, OptionTable, ReferenceFlag[]][] = [
  [
    "train",
    trainTable,
    trainGroups,
    { ...ownOptions, ...ownTrainOptions, ...learningOptions },
    referenceFlags("train-flags.txt"),
  ],
  [
    "generate",
    generateTable,
    generateGroups,
    { ...ownOptions, ...ownGenerateOptions },
    referenceFlags("generate-flags.txt"),
  ],
];

/** The type sd-scripts' parser gives an option. */
function referenceType({ type, count }: Option): string {
  if (count === "any") return type === "string" ? "list" : `${type}-list`;
  if (count === 2) return `${type}-pair`;
  if (type === "size" || type === "range") return "string";
  if (type === "rates") return "float";
  return type === "intOrRatio" ? "int-or-ratio" : type;
}

/** sd-scripts' default, parsed as from a command line. */
function referenceDefault(table: OptionTable, flag: ReferenceFlag): unknown {
  if (flag.default === "-") return undefined;
  return parseArguments(table, [`--${flag.name}=${flag.default === '""' ? "" : flag.default}`]).given.get(flag.name);
}

/** A command line with a valid value of a flag. */
function argumentsFor(name: string, option: Option): string[] {
  const word =
    option.choices?.at(-1) ??
    { string: "x", int: 16, float: 0.5, intOrRatio: "10%", size: 64, range: "1,2", rates: "1:2,3", switch: "" }[
      option.type
    ];
  if (option.type === "switch") return [`--${name}`];
  return [`--${name}`, ...Array(option.count === 2 ? 2 : 1).fill(String(word))];
}

describe.each(tables)("the table of %s", (command, table, groups, own, reference) => {
  test("has every flag of sd-scripts and our own, and no other", () => {
    const expected = [...reference.map((flag) => flag.name), ...Object.keys(own)];
    expect(Object.keys(table).sort()).toEqual(expected.sort());
  });

  test("has sd-scripts' types, defaults and choices, and more samplers", () => {
    const ownChoices: readonly unknown[] = ownSamplers;
    for (const flag of reference) {
      const option = table[flag.name]!;
      const choices = option.choices?.filter((choice) => !ownChoices.includes(choice)).join(",") ?? "";
      const found = { type: referenceType(option), default: option.default, choices };
      expect({ name: flag.name, ...found }).toEqual({ ...flag, default: referenceDefault(table, flag) });
    }
  });

  test("stands whole in the groups", () => {
    const grouped = groups.flatMap((group) => Object.entries(group.options));
    expect(grouped.map(([name]) => name).sort()).toEqual(Object.keys(table).sort());
    expect(Object.fromEntries(grouped)).toEqual(table);
  });

  test("says of every flag what it is for, and why one does not act", () => {
    for (const [name, option] of Object.entries(table)) {
      expect(option.help, name).toMatch(/^[A-Z].*\.$/s);
      // notes are the middle of a sentence in messages
      expect(option.note ?? "", name).not.toMatch(/\.$/);
    }
  });

  test("reads every flag of sd-scripts; says which of them act", () => {
    for (const { name } of reference) {
      expect([...parseArguments(table, argumentsFor(name, table[name]!)).given.keys()]).toEqual([name]);
    }
    const ofReference = Object.fromEntries(reference.map(({ name }) => [name, table[name]!]));
    const { acting, withoutEffect, later, refused } = coverageOf(ofReference);
    expect(acting.length + withoutEffect.length + later.length + refused.length).toBe(reference.length);
    const reasons = [...withoutEffect, ...later, ...refused].map((name) => {
      const { state = "no effect", note } = table[name]!;
      return `  ${state.padEnd(9)}  --${name}: ${note}`;
    });
    process.stdout.write(
      `coinage ${command}: ${reference.length} flags of sd-scripts parse, ${acting.length} act\n${reasons.join("\n")}\n`,
    );
  });
});

test("sd-scripts has 169 training flags, and one more for SDXL", () => {
  expect(referenceFlags("train-flags.txt")).toHaveLength(169 + 1);
});

test("--report means on where no word follows", () => {
  const read = (...words: string[]) => parseArguments(trainTable, words).given;
  expect(read("--report", "--recipe", "quick").get("report")).toBe("on");
  expect(read("--report", "off").get("report")).toBe("off");
  expect(() => read("--report=maybe")).toThrow('--report expects one of on, off, not "maybe".');
});

describe("a flag that does not act", () => {
  const inactive = (state: string | undefined): [string, Option][] =>
    Object.entries<Option>(trainTable).filter(([, option]) => option.note && option.state === state);

  test("is accepted with one warning", () => {
    for (const [name, option] of [...inactive("later"), ...inactive(undefined)]) {
      const { warnings } = parseTrainArguments(argumentsFor(name, option));
      expect(warnings).toEqual([{ option: name, message: expect.stringContaining(`: ${option.note}.`) }]);
    }
  });

  test("is refused with the reason when going on would mislead", () => {
    expect(inactive("refused").map(([name]) => name)).toContain("dataset_class");
    for (const [name, option] of inactive("refused")) {
      expect(() => parseTrainArguments(argumentsFor(name, option))).toThrow(
        `--${name} is not supported: ${option.note}.`,
      );
    }
  });

  test("that is given its default is no news", () => {
    expect(parseTrainArguments(["--mixed_precision", "no", "--dynamo_backend=inductor"]).warnings).toEqual([]);
    expect(parseGenerateArguments(["--ds_ratio", "0.5"]).warnings).toEqual([]);
  });
});

type Given<Settings> = { readonly [Key in keyof Settings]?: Settings[Key] | undefined };

test("documented types of settings are those of the tables", () => {
  expectTypeOf<TrainInput>().toExtend<Given<GivenTrainSettings>>();
  expectTypeOf<Given<GivenTrainSettings>>().toExtend<TrainInput>();
  expectTypeOf<Omit<GenerateInput, "ckpt" | "outdir" | "W" | "H" | "scale" | "XTIEmbeddings">>().toEqualTypeOf<
    Given<GivenGenerateSettings>
  >();
});

test("types of settings come from the table", () => {
  expectTypeOf<GivenTrainSettings["numVectorsPerToken"]>().toEqualTypeOf<number>();
  expectTypeOf<GivenTrainSettings["seed"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<GivenTrainSettings["enableBucket"]>().toEqualTypeOf<boolean>();
  expectTypeOf<GivenTrainSettings["saveModelAs"]>().toEqualTypeOf<"ckpt" | "pt" | "safetensors">();
  expectTypeOf<GivenTrainSettings["maxTokenLength"]>().toEqualTypeOf<75 | 150 | 225 | undefined>();
  expectTypeOf<GivenTrainSettings["optimizerArgs"]>().toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf<GivenTrainSettings["lrWarmupSteps"]>().toEqualTypeOf<StepCount>();
  expectTypeOf<GivenTrainSettings["resolution"]>().toEqualTypeOf<Size | undefined>();
  expectTypeOf<GivenTrainSettings["captionDropoutRate"]>().toEqualTypeOf<number>();
});
