import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { conceptsFolder, tinySdFolder } from "../src/assets/index.ts";
import type { StopOptions } from "../src/events/index.ts";
import { readTrainRequest, type TrainSettings } from "../src/options/index.ts";
import { type TrainingEvent, train } from "../src/training/index.ts";

/** Twelve small pictures with captions. */
export const concept = path.join(conceptsFolder, "teal-checkered-ring");

/** The small model's own resolution. */
const usualPx = 128;

/** Side of images for tests in which only equality of the numbers matters: a step takes half as long. */
export const quickPx = 64;

/** A folder for a file of tests that train on the small model, removed at its end. sizePx: side of its images. */
export function trainingFolder({ sizePx = usualPx } = {}) {
  const work = mkdtempSync(path.join(os.tmpdir(), "coinage-train-"));
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    const file = path.join(work, name);
    writeFileSync(file, text);
    return file;
  };
  const datasetConfig = write(
    "concept.toml",
    subsetConfig(concept, 'num_repeats = 2\nclass_tokens = "vexla"\n', sizePx),
  );
  let outputs = 0;

  /** A command line that trains the small model for a few quick steps; given flags win. */
  function flagsFor(...flags: readonly string[]): string[] {
    const own = (name: string, ...value: string[]) => (flags.includes(`--${name}`) ? [] : [`--${name}`, ...value]);
    return [
      ...own("pretrained_model_name_or_path", tinySdFolder),
      ...own("output_dir", path.join(work, `out${outputs++}`)),
      ...own("token_string", "vexla"),
      ...own("init_word", "ring"),
      ...own("dataset_config", datasetConfig),
      ...(flags.includes("--step_angle") || flags.includes("direction") ? [] : own("learning_rate", "2e-2")),
      ...own("max_train_steps", "3"),
      ...own("seed", "1"),
      ...own("save_model_as", "safetensors"),
      ...own("threads", "1"),
      // drawing for a report would take up to five seconds
      ...own("report_images", "none"),
      ...flags,
    ];
  }

  return { work, write, flagsFor, settingsFor: (...flags: readonly string[]) => settingsOf(flagsFor(...flags)) };
}

export async function settingsOf(flags: readonly string[]): Promise<TrainSettings> {
  const request = await readTrainRequest(flags);
  if (request.kind !== "train") throw new Error("the test's command line does not train");
  return request.settings;
}

/** A dataset config with one folder. */
export function subsetConfig(folder: string, extra = "", sizePx = usualPx): string {
  return `[general]\nresolution = ${sizePx}\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(folder)}\ncaption_extension = ".txt"\n${extra}`;
}

export async function eventsOf(settings: TrainSettings, options?: StopOptions): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings, warnings: [] }, options)) events.push(event);
  return events;
}

export function ofKind<Kind extends TrainingEvent["kind"]>(events: readonly TrainingEvent[], kind: Kind) {
  return events.filter((event): event is Extract<TrainingEvent, { kind: Kind }> => event.kind === kind);
}
