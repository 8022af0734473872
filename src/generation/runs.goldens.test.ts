import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readJson, readTensors } from "../../test/goldens.ts";
import { createSampler, noiseSchedule, samplerDefaults } from "../diffusion/index.ts";
import { type PngText, withPngTexts } from "../formats/png-text/index.ts";
import type { ModelFamily } from "../models/index.ts";
import { checkGenerateSettings, type GenerateSettings, parseGenerateArguments } from "../options/index.ts";
import { encodePng } from "../pictures/index.ts";
import { firstPassOf } from "../pipeline/highres-fix.ts";
import { drawImageNoise, noiseList } from "../pipeline/noise.ts";
import type { Pass, Sampling } from "../pipeline/request.ts";
import { imageTexts } from "./files/image-texts.ts";
import { imageFileName } from "./files/names.ts";
import { type PlannedBatch, type PlannedImage, planImages } from "./prompts/plan.ts";
import { readPrompts } from "./prompts/read.ts";
import { commandLineSampling, planSettingsOf } from "./settings.ts";

type RecordedText = readonly ["tEXt" | "iTXt", string, string];

interface RecordedFile {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly text: readonly RecordedText[];
}

interface Run {
  readonly name: string;
  readonly script: "new" | "old";
  readonly command_line: readonly string[];
  readonly prompt_file: readonly string[] | null;
  readonly source_images: readonly (Omit<RecordedFile, "name"> & { readonly file: string })[];
  readonly program_error?: string;
  readonly seeds?: readonly number[];
  readonly calls?: readonly Readonly<Record<string, unknown>>[];
  readonly files?: readonly RecordedFile[];
}

/** A batch as the sampler gets it; highres fix makes two of one. */
interface Call {
  readonly batch: PlannedBatch;
  readonly sampling: Sampling;
  readonly pass: Pass;
  readonly seeds: readonly number[];
  readonly hasInitLatents: boolean;
}

const noiseTolerance = 2e-6;

describeGoldens("generation", (folder) => {
  const { runs, clock } = readJson<{ runs: Run[]; clock: string }>(folder, "index.json");
  const tensors = readTensors(folder, "tensors.safetensors");
  const scratch = mkdtempSync(path.join(tmpdir(), "coinage-runs-"));
  afterAll(() => rmSync(scratch, { recursive: true }));

  describe.each(runs.map((run) => [run.name, run] as const))("run %s", (name, run) => {
    test("batches and seeds", async () => {
      const { settings, batches } = await planned(run);
      const seeds = batches.flatMap(({ images }) => images.map(({ image }) => image.seed));
      // a single image uses the seed itself, as sd-scripts' documentation promises; sd-scripts itself fails on a file of one line
      if (run.program_error || seeds.length === 1) expect(seeds).toEqual([settings.seed]);
      // the old script draws seeds differently: only their number can be compared
      else if (run.script === "old") expect(seeds).toHaveLength(chosenSeeds(run).length);
      else expect(seeds).toEqual(chosenSeeds(run));
      if (!run.calls) return;
      const calls = batches.flatMap(callsOf);
      expect(calls).toHaveLength(run.calls.length);
      // the old script lacks SDXL's sizes, so its record has fewer entries
      calls.forEach((call, i) => {
        const recorded = run.calls![i]!;
        const own = Object.entries(asRecorded(call)).filter(([key]) => key in recorded);
        expect(Object.fromEntries(own)).toEqual(recorded);
      });
    });
    // a failed program has no further records
    if (run.program_error) return;

    test("noise", async () => {
      const { batches } = await planned(run);
      const calls = withSeeds(batches, chosenSeeds(run)).flatMap(callsOf);
      for (const [i, call] of calls.entries()) expectNoise(call, `runs/${name}/${i}`);
    });

    test("file names, sizes and texts", async () => {
      const { batches, settings, family } = await planned(run);
      const own = writtenFiles(
        withSeeds(batches, chosenSeeds(run)),
        settings,
        family,
        new Date(clock.replace(" ", "T")),
      );
      const expected = run.files!.map((file, i) => corrected(file, own[i]!, run));
      expect(own.map((file) => file.name)).toEqual(expected.map((file) => file.name));
      for (const [i, { name, width, height, texts }] of own.entries()) {
        expect([width, height]).toEqual([expected[i]!.width, expected[i]!.height]);
        // for several files of one name, the record has the last one's text
        if (own.findLastIndex((other) => other.name === name) === i) expect(texts).toEqual(expected[i]!.text);
      }
    });
  });

  function expectNoise({ sampling, hasInitLatents, seeds }: Call, key: string): void {
    const { sampler: samplerName, steps, compatibility, width, height } = sampling;
    const settings = { schedule: noiseSchedule(), steps, predictionType: "epsilon" } as const;
    const sampler = createSampler(samplerName, { ...settings, ...samplerDefaults(samplerName, compatibility) });
    const list = noiseList(sampling, sampler.dryRun());
    const shape = [4, height / 8, width / 8];
    const drawn = (isStochastic: boolean) =>
      seeds.map((seed) =>
        drawImageNoise(seed, { shape, list: { ...list, indexOf: (draw) => draw }, isStochastic, hasInitLatents }),
      );
    const noises = drawn(true);
    const kinds: Record<string, readonly (Float32Array | undefined)[]> = {
      start: noises.map(({ initNoise }) => initNoise),
      noises: Array.from({ length: list.length }, (_, i) => noises.map((noise) => noise.samplerNoise(i))).flat(),
      i2i_noise: noises.map(({ init }) => init?.addedNoise),
    };
    for (const [kind, parts] of Object.entries(kinds)) {
      if (!tensors.has(`${key}/${kind}`)) continue;
      const values = parts.flatMap((part) => [...part!]);
      expect(largestDifference(values, float32(tensors, `${key}/${kind}`).data), kind).toBeLessThan(noiseTolerance);
    }
    expect(tensors.has(`${key}/start`)).toBe(true);
    expect(tensors.has(`${key}/i2i_noise`)).toBe(hasInitLatents);
    // noises that no sampler uses are skipped, not drawn
    expect(drawn(false).map(({ init }) => init)).toEqual(noises.map(({ init }) => init));
  }

  async function planned(run: Run) {
    const settings = await settingsOf(run, path.join(scratch, run.name));
    const family: ModelFamily = settings.sdxl ? "sdxl" : "sd1";
    const sampling = commandLineSampling(settings, family);
    const list = await readPrompts(settings);
    const { batches } = planImages(list.prompts, await planSettingsOf(settings, list, undefined, sampling));
    return { settings, family, batches };
  }
});

/** The run's settings, with its prompts and images as files in a folder. */
async function settingsOf(run: Run, folder: string): Promise<GenerateSettings> {
  mkdirSync(folder, { recursive: true });
  const line = ["--ckpt", "model", ...run.command_line];
  const [prompts, pictures] = [path.join(folder, "prompts.txt"), path.join(folder, "pictures")];
  if (run.prompt_file) {
    writeFileSync(prompts, run.prompt_file.join("\n"));
    line.push("--from_file", prompts);
  }
  for (const { file, width, height, text } of run.source_images) {
    mkdirSync(pictures, { recursive: true });
    const png = await encodePng({ width, height, channels: 3, data: new Uint8Array(width * height * 3) });
    const texts = text.map(([, keyword, value]) => ({ keyword, text: value }));
    writeFileSync(path.join(pictures, file), withPngTexts(png, texts));
  }
  if (run.source_images.length > 0) line.push("--image_path", pictures);
  return checkGenerateSettings(parseGenerateArguments(line)).settings;
}

/** The seeds chosen for images; both passes of a highres fix are recorded as well. */
function chosenSeeds({ seeds, command_line: line }: Run): number[] {
  const notes = line.includes("--highres_fix_scale") ? 3 : 1;
  return seeds!.filter((_, i) => i % notes === 0);
}

/** The batches with the program's seeds, where coinage's differ on purpose. */
function withSeeds(batches: readonly PlannedBatch[], seeds: readonly number[]): PlannedBatch[] {
  let at = 0;
  return batches.map((batch) => ({
    ...batch,
    images: batch.images.map((planned) => ({ ...planned, image: { ...planned.image, seed: seeds[at++]! } })),
  }));
}

function callsOf(batch: PlannedBatch): Call[] {
  const { sampling, images } = batch;
  const seeds = images.map(({ image }) => image.seed);
  const hasInitLatents = images.some(({ initImage }) => initImage !== undefined);
  if (!sampling.highres) return [{ batch, sampling, pass: "final", seeds, hasInitLatents }];
  const small = firstPassOf({ sampling, images: [] }, sampling.highres).sampling;
  return [
    { batch, sampling: small, pass: "first", seeds, hasInitLatents },
    { batch, sampling, pass: "final", seeds: seeds.map((seed) => seed + 1), hasInitLatents: true },
  ];
}

function asRecorded({ batch: { images }, sampling }: Call) {
  const sizes = sampling.sizeConditions ?? {};
  return {
    prompts: images.map(({ image }) => image.prompt),
    negative_prompts: images.map(({ image }) => image.negativePrompt),
    height: sampling.height,
    width: sampling.width,
    original_height: sizes.originalHeight ?? null,
    original_width: sizes.originalWidth ?? null,
    original_height_negative: sizes.originalHeightNegative ?? null,
    original_width_negative: sizes.originalWidthNegative ?? null,
    crop_top: sizes.cropTop ?? null,
    crop_left: sizes.cropLeft ?? null,
    steps: sampling.steps,
    scale: sampling.guidanceScale,
    negative_scale: sampling.negativeScale ?? null,
    strength: sampling.strength,
    noises: noiseList(sampling, { calls: [], noiseDraws: 0 }).length,
  };
}

interface WrittenFile {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** The texts in the file, without the web UIs' text. */
  readonly texts: readonly RecordedText[];
  readonly pass: Pass;
  readonly image: PlannedImage["image"];
}

function writtenFiles(
  batches: readonly PlannedBatch[],
  settings: GenerateSettings,
  family: ModelFamily,
  time: Date,
): WrittenFile[] {
  return batches.flatMap((batch) =>
    callsOf(batch)
      .filter(({ pass }) => pass === "final" || batch.sampling.highres?.keepsFirst)
      .flatMap(({ pass, sampling: { width, height, steps } }) =>
        batch.images.map((planned, indexInBatch) => {
          const { sampling, image } = planned;
          const place = { indexInBatch, firstNumber: batch.firstNumber, pass, time };
          const parameters = { ...image, sampling, width, height, steps };
          const texts = imageTexts({ planned, parameters, family, modelName: "model" });
          return {
            ...{ width, height, pass, image },
            name: imageFileName(planned, place, settings),
            texts: texts.filter(({ keyword }) => keyword !== "parameters").map(chunkOf),
          };
        }),
      ),
  );
}

/** A text with its kind of chunk, as formats/png-text chooses it. */
function chunkOf({ keyword, text }: PngText): RecordedText {
  return [[...text].every((letter) => letter.codePointAt(0)! < 256) ? "tEXt" : "iTXt", keyword, text];
}

/** The record without sd-scripts' defects: the negative prompt is the batch's last image's, the seed of a first pass is one less.
 *  The old script leaves seeds in the raw prompt; the new one removes them. */
function corrected(recorded: RecordedFile, { image, pass }: WrittenFile, { script }: Run): RecordedFile {
  const less = pass === "first" ? `${image.seed - 1}` : `${image.seed}`;
  const texts = recorded.text.map(([type, keyword, text]): RecordedText => {
    if (keyword === "negative-prompt") return [type, keyword, image.negativePrompt];
    if (keyword === "raw-prompt" && script === "old") return [type, keyword, text.replace(/ --d [\d,]+/, "")];
    return keyword === "seed" && text === less ? [type, keyword, `${image.seed}`] : [type, keyword, text];
  });
  return { ...recorded, name: recorded.name.replace(`_${less}.png`, `_${image.seed}.png`), text: texts };
}
