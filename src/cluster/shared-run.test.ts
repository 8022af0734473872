import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { trainingFolder } from "../../test/training-run.ts";
import { type TrainingEvent, train } from "../training/index.ts";
import { BlobStore } from "./blobs/store.ts";
import { MemoryBoard } from "./board/memory.ts";
import { realClock } from "./coordinator/clock.ts";
import { sharedRunner } from "./coordinator/open.ts";
import { Seal } from "./protocol/signed.ts";
import { Work } from "./worker/work.ts";

const { work, settingsFor } = trainingFolder();

const flags = [
  "--cache_latents",
  "--gradient_accumulation_steps",
  "3",
  "--multires_noise_iterations",
  "3",
  "--optimizer_type",
  "Prodigy",
  "--learning_rate",
  "1",
  "--no_metadata",
];

async function trained(name: string, more: readonly string[], openRunner?: ReturnType<typeof sharedRunner>) {
  const outputDir = path.join(work, name);
  const settings = await settingsFor(...flags, "--output_dir", outputDir, "--output_name", "word", ...more);
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings, warnings: [] }, { openRunner })) events.push(event);
  return { events, bytes: readFileSync(path.join(outputDir, "word.safetensors")) };
}

test("a run of the small model that two workers compute alone ends in the bytes of a local one", async () => {
  const local = await trained("local", []);
  const board = new MemoryBoard(realClock);
  const seal = new Seal("secret");
  const stop = new AbortController();
  const said: string[] = [];
  const workers = ["a", "b"].map((name) =>
    new Work({
      ...{ board: board.worker(), seal, device: "cpu", threads: 1, coinage: "1.2", isOnce: false, signal: stop.signal },
      blobs: new BlobStore({ folder: path.join(work, `blobs-${name}`), limitBytes: 1e9, models: [] }),
      say: (text) => void said.push(text),
    }).run(),
  );
  const openRunner = sharedRunner({
    openBoard: async (of) => board.coordinator(of),
    seal,
    isLocal: true,
    coinage: "1.2.3",
  });
  const shared = await trained("shared", ["--no_cluster_local"], openRunner);
  stop.abort();
  expect(await Promise.all(workers)).toEqual(["stopped", "stopped"]);
  expect(shared.bytes).toEqual(local.bytes);
  expect(said.filter((text) => text === "ready").length).toBeGreaterThan(0);
});
