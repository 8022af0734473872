import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { trainingFolder } from "../../test/training-run.ts";
import { type TrainingEvent, train } from "../training/index.ts";
import { BlobStore } from "./blobs/store.ts";
import { MemoryBoard } from "./board/memory.ts";
import { realClock } from "./coordinator/clock.ts";
import { shareOver } from "./coordinator/open.ts";
import { Seal } from "./protocol/signed.ts";
import { QueueWorker } from "./worker/worker.ts";

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

async function trained(name: string, more: readonly string[], sharing?: ReturnType<typeof shareOver>) {
  const outputDir = path.join(work, name);
  const settings = await settingsFor(...flags, "--output_dir", outputDir, "--output_name", "word", ...more);
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings, warnings: [] }, { sharing })) events.push(event);
  return { events, bytes: readFileSync(path.join(outputDir, "word.safetensors")) };
}

/** Trains with two workers that compute alone. asked: how many blobs a worker has fetched into its memory. */
async function trainedByWorkers(name: string, more: readonly string[]) {
  const board = new MemoryBoard(realClock);
  const seal = new Seal("secret");
  const stop = new AbortController();
  const said: string[] = [];
  const asked = [new Set<string>(), new Set<string>()];
  const workers = asked.map((digests, i) => {
    const blobs = new BlobStore({ folder: path.join(work, `blobs-${i}`), limitBytes: 1e9, models: [] });
    const bytes = blobs.bytes.bind(blobs);
    vi.spyOn(blobs, "bytes").mockImplementation((digest, source) => {
      digests.add(digest);
      return bytes(digest, source);
    });
    return new QueueWorker({
      ...{ board: board.worker(), seal, device: "cpu", threads: 1, coinage: "1.2", isOnce: false, signal: stop.signal },
      blobs,
      say: (text) => void said.push(text),
    }).run();
  });
  const sharing = shareOver({
    openBoard: async (of) => board.coordinator(of),
    seal,
    isLocal: true,
    coinage: "1.2.3",
  });
  const shared = await trained(name, ["--no_cluster_local", ...more], sharing);
  stop.abort();
  expect(await Promise.all(workers)).toEqual(["stopped", "stopped"]);
  // one of them may be too late for so short a run
  return { ...shared, said, asked: Math.max(...asked.map(({ size }) => size)) };
}

const vectorsOf = (bytes: Buffer) =>
  Array.from({ length: 64 }, (_, i) => bytes.readFloatLE(bytes.length - 4 * (i + 1)));

const bytesIn = (events: readonly TrainingEvent[]) =>
  events.reduce((sum, event) => sum + (event.kind === "step" ? (event.cluster?.bytesIn ?? 0) : 0), 0);

test("a run of the small model that two workers compute alone ends in the bytes of a local one", async () => {
  const local = await trained("local", []);
  const shared = await trainedByWorkers("shared", []);
  expect(shared.bytes).toEqual(local.bytes);
  expect(shared.said.filter((text) => text === "ready").length).toBeGreaterThan(0);
  // the model, the latents of all images, and those of the probe
  expect(shared.asked).toBe(3);
});

test("micro-batches that are cut into parts keep their noise, and end in the same bytes on one machine and on many", async () => {
  const batch = "--train_batch_size 2 --multires_noise_iterations 0 --noise_offset 0.1 --flip_aug --alpha_mask".split(
    " ",
  );
  const whole = await trained("whole", batch);
  const cut = await trained("cut", [...batch, "--cluster_split", "2"]);
  const shared = await trainedByWorkers("cut-shared", [...batch, "--cluster_split", "2"]);
  expect(shared.bytes).toEqual(cut.bytes);
  // mirrored images and masks, too, came with the latents
  expect(shared.asked).toBe(3);
  const jobs = shared.events.flatMap((event) => (event.kind === "step" ? [event.cluster?.jobs] : []));
  expect(new Set(jobs)).toEqual(new Set([6]));
  // Prodigy's step size grows out of rounding, too
  for (const [i, value] of vectorsOf(cut.bytes).entries()) expect(value).toBeCloseTo(vectorsOf(whole.bytes)[i]!, 4);
});

test("where nothing depends on other rows, workers send those of the new word alone, and the bytes stay", async () => {
  const rule = ["--optimizer_type", "AdamW", "--learning_rate", "1e-2"];
  const free = [...rule, "--max_grad_norm", "0"];
  const local = await trained("free", free);
  const shared = await trainedByWorkers("free-shared", free);
  expect(shared.bytes).toEqual(local.bytes);
  const clipped = await trainedByWorkers("clipped-shared", rule);
  expect(bytesIn(shared.events)).toBeLessThan(0.5 * bytesIn(clipped.events));
});
