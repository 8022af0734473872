import { expect, test } from "vitest";
import { plainCaptions } from "../../../test/datasets.ts";
import { describeGoldens, readJson } from "../../../test/goldens.ts";
import { PythonRandom } from "../../random/index.ts";
import type { CaptionSettings } from "../config/plan.ts";
import { processCaption } from "./caption.ts";
import type { Replacements } from "./templates.ts";

interface CaptionCase {
  readonly name: string;
  readonly python_seed: number;
  readonly caption: string;
  readonly subset: Readonly<Record<string, unknown>>;
  readonly max_train_steps: number;
  readonly replacements: Replacements;
  readonly outputs: readonly { readonly epoch: number; readonly step: number; readonly caption: string }[];
}

function settingsOf(subset: CaptionCase["subset"]): CaptionSettings {
  const named = Object.entries(subset).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return { ...plainCaptions, ...Object.fromEntries(named) };
}

/** Until 2026-06 sd-scripts always joined tags with commas. No tag of these captions contains a comma and a space. */
function rejoined(recorded: string, { subset }: CaptionCase): string {
  const { caption_separator: separator } = subset;
  return separator === undefined ? recorded : recorded.replaceAll(", ", `${separator} `);
}

/** sd-scripts adds the prefix to the first line and the suffix to the last before it chooses a line (a defect); coinage adds both to the chosen line. */
function amended(recorded: string, { caption, subset }: CaptionCase): string {
  const { caption_prefix: prefix, caption_suffix: suffix } = subset;
  const lines = caption.split("\n");
  if (lines.length < 2 || recorded === "" || !(prefix || suffix)) return recorded;
  const first = prefix ? `${prefix} ${lines[0]}` : lines[0]!;
  const last = suffix ? `${lines.at(-1)} ${suffix}` : lines.at(-1)!;
  const line = recorded === first ? lines[0]! : recorded === last ? lines.at(-1)! : recorded;
  return [prefix, line, suffix].filter(Boolean).join(" ");
}

describeGoldens("dataset", (folder) => {
  test.each(readJson<CaptionCase[]>(folder, "captions.json"))("caption $name", (golden) => {
    const { caption, replacements, outputs } = golden;
    const random = new PythonRandom(golden.python_seed);
    const settings = settingsOf(golden.subset);
    const drawn = outputs.map(({ epoch, step }) =>
      processCaption(caption, settings, { epoch, step, maxTrainSteps: golden.max_train_steps, replacements }, random),
    );
    expect(drawn).toEqual(outputs.map((output) => amended(rejoined(output.caption, golden), golden)));
  });
});
