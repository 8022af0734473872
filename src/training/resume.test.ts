import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, quickPx, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import { writeSafetensors } from "../formats/safetensors/index.ts";
import { type TrainingEvent, train } from "./index.ts";

const { work, write, settingsFor } = trainingFolder({ sizePx: quickPx });

const lossesOf = (events: readonly TrainingEvent[]) => ofKind(events, "step").map(({ step, loss }) => [step, loss]);
const epochsOf = (events: readonly TrainingEvent[]) => ofKind(events, "epoch").map(({ epoch, loss }) => [epoch, loss]);

/** Trains up to a step and then stops as Ctrl-C does. */
async function stoppedAfter(step: number, flags: readonly string[]): Promise<TrainingEvent[]> {
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings: await settingsFor(...flags), warnings: [] }, { signal: stop.signal })) {
    events.push(event);
    if (event.kind === "step" && event.step === step) stop.abort();
  }
  return events;
}

describe("a run that is stopped and goes on gives the numbers of one that never stopped, to the last bit", () => {
  test.each<[string, number, string[]]>([
    ["cached latents, shuffled captions", 7, ["--cache_latents", "--shuffle_caption", "--flip_aug"]],
    [
      "pictures encoded anew each time, random noise of all kinds, accumulated gradients, an optimizer that looks at all rows",
      5,
      [
        ...["--optimizer_type", "Prodigy", "--learning_rate", "1", "--gradient_accumulation_steps", "4"],
        ...["--noise_offset", "0.1", "--noise_offset_random_strength", "--multires_noise_iterations", "4"],
      ],
    ],
    [
      "averaged rows, at the end of an epoch",
      6,
      ["--cache_latents", "--optimizer_type", "AdamWScheduleFree", "--save_every_n_epochs", "1"],
    ],
    [
      "directions with momentum and a pull, timesteps spread over accumulated gradients, averaged vectors",
      5,
      [
        ...["--cache_latents", "--update", "direction", "--direction_momentum", "0.9", "--prior_pull", "auto"],
        ...["--timestep_sampling", "stratified", "--row_average", "0.9", "--num_vectors_per_token", "2"],
        ...["--gradient_accumulation_steps", "2", "--init", "output"],
      ],
    ],
    [
      "step angles, held lengths and a pull to the start, for vectors of each layer",
      4,
      [
        ...["--cache_latents", "--xti", "--step_angle", "0.05", "--norm_control", "decay", "--init_reg", "1e-3"],
        ...["--timestep_sampling", "cosine", "--lr_scheduler", "cosine"],
      ],
    ],
    ["relative steps", 8, ["--cache_latents", "--optimizer_type", "AdaFactor", "--num_vectors_per_token", "2"]],
  ])("%s", async (_, stopAt, more) => {
    const flags = ["--max_train_steps", String(stopAt + 4), "--save_model_as", "pt", ...more];
    const straight = await eventsOf(await settingsFor(...flags));
    const first = await stoppedAfter(stopAt, flags);
    const [stopped] = ofKind(first, "done");
    expect(stopped).toMatchObject({ isInterrupted: true, step: stopAt, state: expect.stringMatching(/vexla-state$/) });
    const second = await eventsOf(await settingsFor(...flags, "--resume", stopped!.state!));

    expect(ofKind(second, "start")[0]!.run.resumed).toMatchObject({ step: stopAt });
    expect([...lossesOf(first), ...lossesOf(second)]).toEqual(lossesOf(straight));
    expect([...epochsOf(first), ...epochsOf(second)]).toEqual(epochsOf(straight));
    expect(ofKind(second, "step").at(-1)).toMatchObject({
      rowDistances: ofKind(straight, "step").at(-1)!.rowDistances,
    });
    const [a, b] = [straight, second].map((events) => readFileSync(ofKind(events, "done")[0]!.file));
    expect(a!.equals(b!)).toBe(true);
  });

  test("also where a finished run is made longer", async () => {
    const flags = ["--cache_latents", "--save_model_as", "pt"];
    const straight = await eventsOf(await settingsFor("--max_train_steps", "12", ...flags));
    const short = await eventsOf(await settingsFor("--max_train_steps", "8", "--save_state_on_train_end", ...flags));
    const { state } = ofKind(short, "done")[0]!;
    const rest = await eventsOf(await settingsFor("--max_train_steps", "12", ...flags, "--resume", state!));
    expect(ofKind(rest, "warning")).toEqual([
      expect.objectContaining({ code: "RESUME", message: expect.stringContaining("to step 12") }),
    ]);
    expect([...lossesOf(short), ...lossesOf(rest)]).toEqual(lossesOf(straight));
    const [a, b] = [straight, rest].map((events) => readFileSync(ofKind(events, "done")[0]!.file));
    expect(a!.equals(b!)).toBe(true);
  });
});

describe("states", () => {
  test("are written with every save and at the end, and pruned by rules of their own", async () => {
    const settings = await settingsFor(
      ...["--cache_latents", "--max_train_steps", "5", "--save_every_n_steps", "1", "--save_state"],
      ...["--save_last_n_steps", "3", "--save_last_n_steps_state", "1"],
    );
    const events = await eventsOf(settings);
    expect(ofKind(events, "stateSaved").map(({ folder }) => path.basename(folder))).toEqual([
      ...[1, 2, 3, 4, 5].map((step) => `vexla-step0000000${step}-state`),
      "vexla-state",
    ]);
    expect(readdirSync(settings.outputDir).sort()).toEqual([
      "vexla-state",
      ...["vexla-step00000002.safetensors", "vexla-step00000003.safetensors"],
      ...["vexla-step00000004-state", "vexla-step00000004.safetensors"],
      ...["vexla-step00000005-state", "vexla-step00000005.safetensors"],
      "vexla.safetensors",
    ]);
  });

  test("that belong to another run are refused, naming what differs", async () => {
    const pictures = path.join(work, "pictures");
    cpSync(concept, pictures, { recursive: true });
    const config = write("own.toml", subsetConfig(pictures));
    const flags = [
      "--cache_latents",
      "--dataset_config",
      config,
      "--save_state_on_train_end",
      "--max_train_steps",
      "1",
    ];
    const { state } = ofKind(await eventsOf(await settingsFor(...flags)), "done")[0]!;
    const refusal = async (...more: string[]) => {
      const settings = await settingsFor(...flags, "--max_train_steps", "2", "--resume", state!, ...more);
      const error: unknown = await eventsOf(settings).catch((error) => error);
      expect(error).toMatchObject({ code: "STATE_MISMATCH" });
      return (error as Error).message;
    };
    expect(await refusal("--learning_rate", "1e-3", "--noise_offset", "0.1")).toMatch(
      /--learning_rate was 0.02 and is 0.001; --noise_offset was not given and is 0.1/,
    );
    expect(await refusal("--seed", "2")).toMatch(/--seed was 1 and is 2/);
    expect(await refusal("--exif_transpose")).toMatch(/--exif_transpose was not given and is true/);
    expect(await refusal("--alpha_background", "white")).toMatch(/--alpha_background was not given and is white/);
    expect(await refusal("--num_vectors_per_token", "2")).toMatch(/1 of 96 numbers/);
    writeFileSync(path.join(pictures, "01.txt"), "another caption of vexla");
    cpSync(path.join(pictures, "02.png"), path.join(pictures, "99.png"));
    expect(await refusal()).toMatch(/the image 01.png or its caption has changed; the image 99.png is new/);
  });

  test("that are none, or damaged, are told from others", async () => {
    const whole = await settingsFor("--cache_latents", "--save_state_on_train_end", "--max_train_steps", "1");
    const { state } = ofKind(await eventsOf(whole), "done")[0]!;
    const resuming = async (folder: string) => eventsOf(await settingsFor("--resume", folder));
    await expect(resuming(path.join(whole.outputDir, "vexla-stat"))).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      hint: `Did you mean ${state}?`,
    });
    await expect(resuming(path.join(whole.outputDir, "another"))).rejects.toMatchObject({
      hint: "States there: vexla-state.",
    });
    await expect(resuming(whole.outputDir)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
    truncateSync(path.join(state!, "arrays.safetensors"), 200);
    await expect(resuming(state!)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
    writeFileSync(path.join(state!, "state.json"), '{"format": "coinage training state 9"}');
    await expect(resuming(state!)).rejects.toMatchObject({ message: expect.stringContaining("training state 9") });
  });

  test("of sd-scripts give their vectors, and the run begins anew", async () => {
    const folder = path.join(work, "theirs-state");
    mkdirSync(folder);
    const table = new Float32Array(49409 * 96);
    table.fill(0.125, 49408 * 96);
    const name = "text_model.embeddings.token_embedding.weight";
    const tensors = new Map([[name, { dtype: "float32", shape: [49409, 96], data: table } as const]]);
    writeFileSync(path.join(folder, "model.safetensors"), writeSafetensors({ tensors }));
    const events = await eventsOf(await settingsFor("--cache_latents", "--resume", folder));
    expect(ofKind(events, "warning").map(({ code }) => code)).toContain("RESUME_FOREIGN");
    const [first] = ofKind(events, "step");
    expect(first).toMatchObject({ step: 1 });
    // sqrt(96) x 0.125, and AdamW's first step moves every number by the learning rate
    expect(Math.abs(first!.rowNorms[0]! - Math.sqrt(96) * 0.125)).toBeLessThan(0.2);
  });
});
