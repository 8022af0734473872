import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, quickPx, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import { conceptsFolder } from "../assets/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { type TrainingEvent, train } from "./index.ts";

const { work, write, settingsFor } = trainingFolder({ sizePx: quickPx });

const lossesOf = (events: readonly TrainingEvent[]) => ofKind(events, "step").map(({ step, loss }) => [step, loss]);
const wordOf = ({ outputDir }: TrainSettings) => readFileSync(path.join(outputDir, "vexla.pt"));

/** Trains until the run fails. at: called at every step. */
async function failing(settings: TrainSettings, at: (step: number) => void) {
  const events: TrainingEvent[] = [];
  const run = train({ settings, warnings: [] });
  const error = await (async () => {
    for await (const event of run) {
      events.push(event);
      if (event.kind === "step") at(event.step);
    }
  })().then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { events, error };
}

describe("an error in the middle of a run", () => {
  const pictures = path.join(work, "pictures");
  const config = write("pictures.toml", subsetConfig(pictures, 'num_repeats = 2\nclass_tokens = "vexla"\n', quickPx));
  const flags = [
    ...["--dataset_config", config, "--gradient_accumulation_steps", "3", "--max_train_steps", "4"],
    ...["--save_model_as", "pt", "--noise_offset", "0.1", "--multires_noise_iterations", "2"],
  ];

  let straight: { readonly losses: unknown; readonly word: Buffer };
  beforeAll(async () => {
    cpSync(concept, pictures, { recursive: true });
    const settings = await settingsFor(...flags);
    straight = { losses: lossesOf(await eventsOf(settings)), word: wordOf(settings) };
  });

  test.each<[string, (file: string) => void, string]>([
    ["cut short", (file) => truncateSync(file, 100), "PICTURE_UNREADABLE"],
    ["gone", (file) => rmSync(file), "PICTURE_UNREADABLE"],
    [
      "others now",
      (file) => copyFileSync(path.join(conceptsFolder, "purple-dotted-heart", "01.png"), file),
      "PICTURE_CHANGED",
    ],
  ])(
    "(pictures that are %s) saves what was learned, and going on gives the numbers of a run without it",
    async (_, spoil, code) => {
      const settings = await settingsFor(...flags);
      const { events, error } = await failing(settings, (step) => {
        if (step === 1)
          for (const name of readdirSync(pictures).filter((name) => name.endsWith(".png")))
            spoil(path.join(pictures, name));
      });
      const state = path.join(settings.outputDir, "vexla-state");
      expect(error).toMatchObject({
        code,
        message: expect.stringContaining(pictures),
        hint: expect.stringMatching(/--resume .*vexla-state\n.*--weights .*vexla\.pt$/),
      });
      expect(events.at(-1)).toMatchObject({ kind: "done", isInterrupted: true, failure: error!.message, state });
      expect(existsSync(path.join(settings.outputDir, "vexla.pt"))).toBe(true);

      cpSync(concept, pictures, { recursive: true });
      const rest = await eventsOf({ ...settings, resume: state });
      expect([...lossesOf(events), ...lossesOf(rest)]).toEqual(straight.losses);
      expect(wordOf(settings).equals(straight.word)).toBe(true);
    },
  );

  test.each<[string, Error, object]>([
    ["any other kind", new RangeError("out of something"), { name: "RangeError", message: "out of something" }],
    [
      "the machine's",
      new RangeError("Array buffer allocation failed"),
      { code: "OUT_OF_MEMORY", hint: expect.stringContaining("What was learned in 1 step is saved:") },
    ],
  ])("of %s saves it, too, and comes out as what it was", async (_, failure, expected) => {
    const settings = await settingsFor("--cache_latents", "--max_train_steps", "100");
    const run = train({ settings, warnings: [] });
    const kinds: string[] = [];
    for (let event = await run.next(); ; event = await run.next()) {
      if (event.done) throw new Error("the run finished");
      if (event.value.kind === "step") break;
    }
    let event = await run.throw(failure);
    for (; !event.done; event = await run.next().catch((error) => ({ done: true, value: error }) as const))
      kinds.push(event.value.kind);
    expect(kinds).toEqual(["saved", "stateSaved", "done"]);
    expect(event.value).toMatchObject(expected);
    expect(readdirSync(settings.outputDir).sort()).toEqual(["vexla-state", "vexla.safetensors"]);
  });

  test("before the first step writes nothing", async () => {
    truncateSync(path.join(pictures, "01.png"), 100);
    const settings = await settingsFor(...flags);
    expect((await failing(settings, () => {})).error).toMatchObject({ code: "PICTURE_UNREADABLE" });
    expect(readdirSync(settings.outputDir)).toEqual([]);
  });
});
