import { describe, expect, test } from "vitest";
import { describeGoldens, readJson } from "../../../test/goldens.ts";
import { checkGenerateSettings, type GenerateSettings, parseGenerateArguments } from "../../options/index.ts";
import { seedSource } from "../../pipeline/request.ts";
import { commandLineSampling, planSettingsOf } from "../settings.ts";
import { expandChoices } from "./dynamic.ts";
import { parsePromptLine, takeSeeds } from "./line.ts";
import { type PlannedImage, planImages } from "./plan.ts";

interface OptionCase {
  readonly name: string;
  readonly line: string;
  readonly parsed?: Readonly<Record<string, unknown>>;
  readonly events?: readonly unknown[];
  readonly errors?: boolean;
  readonly program_error?: string;
}

interface Outcome {
  readonly prompts?: readonly string[];
  readonly seeds?: readonly number[] | null;
  readonly next_of_source?: number;
  readonly error?: string;
}

interface DynamicCase {
  readonly name: string;
  readonly template: string;
  readonly images_per_prompt: number;
  readonly source_seed: number;
  readonly given_seeds: readonly number[] | null;
  readonly new: Outcome;
}

interface Index {
  readonly options: { readonly command_line: readonly string[]; readonly cases: readonly OptionCase[] };
  readonly dynamic: readonly DynamicCase[];
}

describeGoldens("generation", (folder) => {
  const { options, dynamic } = readJson<Index>(folder, "index.json");
  const { settings } = checkGenerateSettings(
    parseGenerateArguments([...options.command_line, "--ckpt", "model", "--prompt", "p"]),
  );

  describe("options in prompts", () => {
    test.each(options.cases)("$line", async ({ line, parsed, events = [], errors, program_error: fails }) => {
      if (fails) return expect(plan(line)).rejects.toMatchObject({ code: "PROMPT_INVALID" });
      const { unsupported, malformed } = parsePromptLine(takeSeeds(line)!.line);
      expect(malformed.length > 0).toBe(errors);
      // networks, Deep Shrink and Gradual Latent are not supported: coinage refuses the line
      expect(unsupported.length > 0).toBe(events.length > 0 || parsed!.network_muls !== null);
      if (unsupported.length > 0) return expect(plan(line)).rejects.toMatchObject({ code: "PROMPT_UNSUPPORTED" });
      const [image] = (await plan(line)).batches[0]!.images;
      // a single image uses the seed itself, as sd-scripts' documentation promises
      const seed = / --d /i.test(line) ? parsed!.seed : settings.seed;
      expect({ ...asRecorded(image!), network_muls: null }).toEqual({ ...parsed, seed });
    });
  });

  async function plan(line: string) {
    const sampling = commandLineSampling(settings as GenerateSettings, "sd1");
    const none = { prompts: [], initImages: [], masks: [], areFromPictures: false, warnings: [] };
    const planSettings = await planSettingsOf(settings as GenerateSettings, none, undefined, sampling);
    return planImages([{ text: line, place: "--prompt" }], planSettings);
  }

  test.each(dynamic)("choices of $template", (entry) => {
    const source = seedSource(entry.source_seed, entry.images_per_prompt + 1);
    const expand = () =>
      expandChoices(entry.template, entry.images_per_prompt, source, { givenSeeds: entry.given_seeds ?? [] });
    // where the reference fails, coinage limits the count to the number of choices
    if (entry.new.error) return expect(expand().lines.length).toBeGreaterThan(0);
    const { lines, seeds = null } = expand();
    expect({ prompts: lines, seeds, next_of_source: source() }).toEqual(entry.new);
  });
});

function asRecorded({ image, sampling, clipPrompt, fileName, rawPrompt }: PlannedImage) {
  const sizes = sampling.sizeConditions ?? {};
  return {
    prompt: image.prompt,
    negative_prompt: image.negativePrompt,
    seed: image.seed,
    clip_prompt: clipPrompt ?? null,
    raw_prompt: rawPrompt,
    file_name: fileName ?? null,
    width: sampling.width,
    height: sampling.height,
    original_width: sizes.originalWidth ?? null,
    original_height: sizes.originalHeight ?? null,
    original_width_negative: sizes.originalWidthNegative ?? null,
    original_height_negative: sizes.originalHeightNegative ?? null,
    crop_left: sizes.cropLeft ?? null,
    crop_top: sizes.cropTop ?? null,
    steps: sampling.steps,
    scale: sampling.guidanceScale,
    negative_scale: sampling.negativeScale ?? null,
    strength: sampling.strength,
  };
}
