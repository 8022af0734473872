import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { concept, eventsOf, ofKind, quickPx, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import { type TrainingEvent, train } from "./index.ts";

const { work, write, settingsFor } = trainingFolder({ sizePx: quickPx });

/** A new folder of images, and the flags of a run that caches latents in it. */
function pictures(name: string): { readonly folder: string; readonly flags: readonly string[] } {
  const folder = path.join(work, name);
  mkdirSync(folder);
  for (const file of readdirSync(concept).filter((_, i) => i < 12))
    cpSync(path.join(concept, file), path.join(folder, file));
  const config = write(`${name}.toml`, subsetConfig(folder, "flip_aug = true\n", quickPx));
  const steps = ["--max_train_steps", "4", "--save_model_as", "pt"];
  return { folder, flags: ["--dataset_config", config, "--cache_latents_to_disk", ...steps] };
}

const caches = (folder: string): [string, Buffer][] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".npz"))
    .map((name) => [name, readFileSync(path.join(folder, name))]);

/** What equal runs have in common: losses and the embedding file. */
function numbersOf(events: readonly TrainingEvent[]) {
  const losses = ofKind(events, "step").map(({ step, loss }) => [step, loss]);
  return { losses, file: readFileSync(ofKind(events, "done")[0]!.file).toString("base64") };
}

/** Trains until `isTime` and then stops as Ctrl-C does. */
async function stoppedWhen(isTime: (event: TrainingEvent) => boolean, flags: readonly string[]) {
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings: await settingsFor(...flags), warnings: [] }, { signal: stop.signal })) {
    events.push(event);
    if (isTime(event)) stop.abort();
  }
  return events;
}

test("whatever was cached before, a run that caches latents on disk gives the same files to the last bit", async () => {
  const { folder, flags } = pictures("straight");
  const first = numbersOf(await eventsOf(await settingsFor(...flags)));
  const filled = caches(folder);
  expect(filled.length).toBe(6);
  expect(numbersOf(await eventsOf(await settingsFor(...flags)))).toEqual(first);

  for (const [name] of filled.filter((_, i) => i % 3 === 0)) rmSync(path.join(folder, name));
  expect(numbersOf(await eventsOf(await settingsFor(...flags, "--vae_batch_size", "3")))).toEqual(first);
  expect(caches(folder)).toEqual(filled);

  const other = pictures("interrupted");
  const isHalfWay = (event: TrainingEvent) => event.kind === "caching" && event.done >= 3;
  await stoppedWhen(isHalfWay, other.flags);
  expect(caches(other.folder).length).toBeLessThan(filled.length);
  const stopped = await stoppedWhen((event) => event.kind === "step" && event.step === 2, other.flags);
  expect(caches(other.folder)).toEqual(filled);
  for (const [name] of filled.slice(2, 5)) rmSync(path.join(other.folder, name));
  const { state } = ofKind(stopped, "done")[0]!;
  const resumed = numbersOf(await eventsOf(await settingsFor(...other.flags, "--resume", state!)));
  expect([...numbersOf(stopped).losses, ...resumed.losses]).toEqual(first.losses);
  expect(resumed.file).toBe(first.file);
  expect(caches(other.folder)).toEqual(filled);
});

test("latents of another VAE are not trained on, whichever of its encoder's numbers differ", async () => {
  const { folder, flags } = pictures("vae");
  const settings = await settingsFor(...flags);
  const model = settings.pretrainedModelNameOrPath;
  const first = numbersOf(await eventsOf(settings));
  const vae = path.join(work, "other-vae");
  cpSync(path.join(model, "vae"), vae, { recursive: true });
  const file = path.join(vae, "diffusion_pytorch_model.safetensors");
  writeFileSync(file, withOneBitChanged(readFileSync(file), "encoder.conv_out.bias"));
  const before = statSync(path.join(folder, caches(folder)[0]![0])).mtimeMs;
  const events = await eventsOf(await settingsFor(...flags, "--vae", vae));
  expect(ofKind(events, "warning").map(({ code }) => code)).toContain("DATASET_LATENTS_OUTDATED");
  expect(statSync(path.join(folder, caches(folder)[0]![0])).mtimeMs).toBeGreaterThan(before);
  expect(numbersOf(events).losses).not.toEqual(first.losses);
});

/** A safetensors file with the sign of a tensor's first number flipped. */
function withOneBitChanged(file: Buffer, tensor: string): Buffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length));
  const [, end] = header[tensor].data_offsets as [number, number];
  file[8 + length + end - 1]! ^= 0x80;
  return file;
}
