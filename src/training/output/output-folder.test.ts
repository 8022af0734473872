import { readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { readEmbeddingFile } from "../../embedding/index.ts";
import { type TrainingEvent, train } from "../index.ts";

const { work, settingsFor } = trainingFolder();
const start = process.cwd();
beforeAll(() => process.chdir(work));
afterAll(() => process.chdir(start));

test("an output folder that is gone is made again", async () => {
  const settings = await settingsFor("--cache_latents");
  for await (const event of train({ settings, warnings: [] }))
    if (event.kind === "step") rmSync(settings.outputDir, { recursive: true, force: true });
  expect(readdirSync(settings.outputDir)).toEqual(["vexla.safetensors"]);
});

test("where nothing can be written any more the word and its state go elsewhere, and the run ends with an error that says where", async () => {
  const flags = ["--cache_latents", "--save_every_n_steps", "1", "--save_state", "--save_last_n_steps", "1"];
  const settings = await settingsFor(...flags, "--max_train_steps", "4");
  const events: TrainingEvent[] = [];
  const running = async () => {
    for await (const event of train({ settings, warnings: [] })) {
      events.push(event);
      if (event.kind !== "step" || event.step !== 2) continue;
      rmSync(settings.outputDir, { recursive: true });
      writeFileSync(settings.outputDir, "a file where the folder was");
    }
  };
  const error: unknown = await running().catch((error) => error);
  const { file, state } = ofKind(events, "done")[0]!;
  expect(error).toMatchObject({ code: "OUTPUT_UNWRITABLE", message: expect.stringContaining(file) });
  expect(path.relative(work, file)).toMatch(/^coinage-rescue-\w+.vexla\.safetensors$/);
  expect(ofKind(events, "warning")).toEqual([
    expect.objectContaining({ code: "OUTPUT_RESCUED", message: expect.stringMatching(/ENOTDIR|EEXIST/) }),
  ]);
  expect(ofKind(events, "removed")).toEqual([]);
  expect((await readEmbeddingFile(file)).tables.size).toBe(1);

  rmSync(settings.outputDir);
  const resumed = await eventsOf(await settingsFor(...flags, "--max_train_steps", "5", "--resume", state!));
  expect(ofKind(resumed, "step").map(({ step }) => step)).toEqual([5]);
});

test("a second run of the same names is refused while the first is under way, and names it", async () => {
  const settings = await settingsFor("--cache_latents", "--max_train_steps", "2");
  const other = await settingsFor("--cache_latents", "--output_dir", settings.outputDir, "--output_name", "other");
  let refused = 0;
  for await (const event of train({ settings, warnings: [] })) {
    if (event.kind !== "step" || event.step !== 1) continue;
    await expect(eventsOf(settings)).rejects.toMatchObject({
      code: "OUTPUT_LOCKED",
      message: expect.stringMatching(`process ${process.pid} on .+, since 20.+ UTC`),
    });
    for await (const { kind } of train({ settings: other, warnings: [] })) if (kind === "start") break;
    refused++;
  }
  expect(refused).toBe(1);
  expect(readdirSync(settings.outputDir)).toEqual(["vexla.safetensors"]);
});
