import path from "node:path";
import { describe, expect, test } from "vitest";
import { concept, ofKind, settingsOf, trainingFolder } from "../../../test/training-run.ts";
import { tinySdFolder } from "../../assets/index.ts";
import { openTrainingDevice } from "../setup/device.ts";
import { openModel } from "../setup/inputs.ts";
import { train } from "../train.ts";
import { withRecipe } from "./apply.ts";
import { fitSteps, fitToTime, type StepTiming } from "./time-box.ts";

const { work, write } = trainingFolder();

const flagsOf = (...more: string[]): string[] => [
  ...["--pretrained_model_name_or_path", tinySdFolder, "--image_dir", concept, "--token_string", "vexla"],
  ...["--init_word", "ring", "--output_dir", path.join(work, "out"), "--threads", "1", "--seed", "1", ...more],
];

describe("as many steps as a time allows", () => {
  const box = { seconds: 1800, startUp: 30, most: 200 };
  const at = (perStep: number, factors = [1, 0.5, 0.2]) =>
    fitSteps(
      box,
      factors.map((factor, i) => ({ side: [512, 384, 256][i]!, perStep: factor * perStep })),
    );

  test("are those of the recipe where there is time, at the full size", () => {
    expect(at(1)).toEqual({ side: 512, perStep: 1, steps: 200 });
    expect(at(10)).toEqual({ side: 512, perStep: 10, steps: 150 });
  });

  test("are made with smaller images where less than half of them would be left", () => {
    expect(at(20)).toEqual({ side: 384, perStep: 10, steps: 150 });
    expect(at(40)).toEqual({ side: 256, perStep: 8, steps: 187 });
    expect(at(100)).toEqual({ side: 256, perStep: 20, steps: 75 });
  });

  test("are none where even the smallest images leave too few", () => {
    expect(at(125)?.steps).toBe(60);
    expect(at(127)).toBeUndefined();
    expect(at(1e9)).toBeUndefined();
    expect(fitSteps({ seconds: 10, startUp: 30, most: 200 }, [{ side: 512, perStep: 1e-9 }])).toBeUndefined();
  });
});

/** A recipe fitted to --time, with steps of this duration. */
async function fitted(timing: StepTiming, ...flags: string[]) {
  const settings = await settingsOf(flagsOf(...flags));
  const model = await openModel(settings);
  const device = await openTrainingDevice(settings);
  try {
    const chosen = await withRecipe(settings, model, "cpu");
    return await fitToTime(chosen, model, device, async () => timing);
  } finally {
    await device.runtime.close();
  }
}

describe("--time", () => {
  test("sets the steps of a recipe, which overridden settings of it do not change", async () => {
    const flags = ["--recipe", "classic", "--train_batch_size", "2", "--time", "10m"];
    const { settings, recipe } = await fitted({ perStep: 1, startUp: 10 }, ...flags);
    expect(settings).toMatchObject({ maxTrainSteps: 500, trainBatchSize: 2, resolution: [128, 128] });
    expect(recipe?.fit).toEqual({ time: "10m", steps: 500, side: 128, perStep: 1 });
    const quick = await fitted({ perStep: 1, startUp: 0 }, "--recipe", "quick", "--time", "72s");
    const { settings: usual } = await fitted({ perStep: 1e-3, startUp: 0 }, "--recipe", "quick", "--time", "10m");
    expect(quick.settings.maxTrainSteps).toBeLessThan(usual.maxTrainSteps);
    expect(quick.settings.stepAngle).toBeGreaterThan(usual.stepAngle!);
  });

  test("leaves time for the sample images", async () => {
    const prompts = write("time-box-prompts.txt", "vexla --w 64 --h 64 --s 10\n");
    const flags = ["--recipe", "quick", "--time", "60s", "--sample_prompts", prompts, "--sample_every_n_steps", "10"];
    const timing = { perStep: 0.7, startUp: 0 };
    const [without, drawn] = [await fitted(timing, ...flags.slice(0, 4)), await fitted(timing, ...flags)];
    expect(without.recipe!.fit!.perStep).toBe(0.7);
    expect(drawn.recipe!.fit!.perStep).toBeGreaterThan(0.7);
    expect(drawn.settings.maxTrainSteps).toBeLessThan(without.settings.maxTrainSteps);
  });

  test("makes the images smaller unless their size is given, and says what it would take", async () => {
    const slow = { perStep: 20, startUp: 0 };
    const sized = ["--recipe", "quick", "--time", "10m", "--resolution", "512"];
    await expect(fitted(slow, ...sized)).rejects.toMatchObject({
      code: "SETTINGS_CONFLICT",
      message: expect.stringMatching(/In 10 min .*fewer than 60 steps.*512 pixels a step takes about 20 s/),
      hint: expect.stringMatching(/^Give it 24 min, smaller images \(--resolution 256\)/),
      where: "--time 10m",
    });
    await expect(fitted(slow, "--recipe", "quick", "--time", "10m")).rejects.toMatchObject({
      hint: expect.not.stringContaining("smaller images"),
    });
  });

  test("keeps the run within it, by timed steps, and the steps stay the same when it goes on from its state", async () => {
    const flags = flagsOf("--recipe", "quick", "--time", "1h", "--max_grad_norm", "0.5", "--keep", "last");
    const stop = new AbortController();
    const events = [];
    for await (const event of train({ settings: await settingsOf(flags), warnings: [] }, { signal: stop.signal })) {
      events.push(event);
      if (event.kind === "step" && event.step === 2) stop.abort();
    }
    const { steps, recipe } = ofKind(events, "start")[0]!.run;
    expect(recipe?.fit).toMatchObject({ time: "1h", steps, side: 128 });
    const { state } = ofKind(events, "done")[0]!;
    const again = new AbortController();
    const rest = [];
    const resumed = await settingsOf([...flags, "--resume", state!, "--time", "2h"]);
    for await (const event of train({ settings: resumed, warnings: [] }, { signal: again.signal })) {
      rest.push(event);
      if (event.kind === "step") again.abort();
    }
    expect(ofKind(rest, "start")[0]!.run).toMatchObject({ steps, recipe: { fit: undefined } });
    expect(ofKind(rest, "step")[0]).toMatchObject({ step: 3, steps });
  });
});
