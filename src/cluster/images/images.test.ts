import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { encodingHere } from "../../../test/held-encoder.ts";
import { ofKind, trainingFolder } from "../../../test/training-run.ts";
import { type TrainingEvent, train } from "../../training/index.ts";
import { BlobStore } from "../blobs/store.ts";
import { MemoryBoard } from "../board/memory.ts";
import { realClock } from "../coordinator/clock.ts";
import { runName, shareOver } from "../coordinator/open.ts";
import { Seal } from "../protocol/signed.ts";
import { QueueWorker } from "../worker/worker.ts";

const { work, write, settingsFor } = trainingFolder();

const prompts = write("prompts.txt", "a photo of vexla --w 64 --h 64 --s 2 --d 7\nvexla --w 64 --h 64 --s 1 --d 8\n");
const flags = [
  ...["--cache_latents", "--no_metadata", "--sample_prompts", prompts, "--sample_every_n_steps", "2"],
  ...["--max_train_steps", "4", "--save_state"],
];
const seal = new Seal("secret");

interface Trained {
  readonly events: readonly TrainingEvent[];
  readonly embedding: Buffer;
  /** Sample images by step and prompt. */
  readonly images: ReadonlyMap<string, Buffer>;
}

type Options = Parameters<typeof train>[1] & { readonly during?: (event: TrainingEvent) => void | Promise<void> };

async function trained(outputDir: string, more: readonly string[], { during, ...options }: Options): Promise<Trained> {
  const settings = await settingsFor(...flags, "--output_dir", outputDir, "--output_name", "word", ...more);
  const events: TrainingEvent[] = [];
  for await (const event of train({ settings, warnings: [] }, options)) {
    events.push(event);
    await during?.(event);
  }
  const folder = path.join(outputDir, "sample");
  // their names have the time in them
  const images = readdirSync(folder)
    .filter((name) => name.endsWith(".png"))
    .map((name) => {
      const [, step, index] = /^word_(\d+)_(\d+)_/.exec(name) ?? [];
      return [`${step} ${index}`, readFileSync(path.join(folder, name))] as const;
    });
  return { events, embedding: readFileSync(path.join(outputDir, "word.safetensors")), images: new Map(images.sort()) };
}

const sharing = (board: MemoryBoard, minSharedMs?: number) =>
  shareOver({
    ...{ openBoard: async (of) => board.coordinator(of), seal, isLocal: true, coinage: "1.2.3" },
    ...(minSharedMs !== undefined && { minSharedMs }),
  });

function workerOf(board: MemoryBoard) {
  const stop = new AbortController();
  const said: string[] = [];
  const worker = new QueueWorker({
    ...{ board: board.worker(), seal, device: "cpu", threads: 1, coinage: "1.2", isOnce: false, signal: stop.signal },
    blobs: new BlobStore({ folder: path.join(work, "blobs"), limitBytes: 1e9, models: [] }),
    say: (text) => void said.push(text),
  }).run();
  return {
    said,
    stop: async () => {
      stop.abort();
      expect(await worker).toBe("stopped");
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const local = await trained(path.join(work, "local"), [], {});

test("sample images that a worker draws while the run goes on are those of a local run", async () => {
  expect([...local.images.keys()]).toEqual(["000002 00", "000002 01", "000004 00", "000004 01"]);
  const board = new MemoryBoard(realClock);
  const { said, stop } = workerOf(board);
  const during = async (event: TrainingEvent) => {
    // presences are read once a second
    if (event.kind !== "step" || event.step > 1) return;
    await until(() => said.includes("ready to draw sample images"));
    await new Promise((resolve) => setTimeout(resolve, 1100));
  };
  const shared = await trained(path.join(work, "shared"), [], { sharing: sharing(board), during });
  await stop();
  expect(shared.images).toEqual(local.images);
  expect(shared.embedding).toEqual(local.embedding);
  const samples = ofKind(shared.events, "sample");
  expect(samples.some(({ by }) => by !== undefined)).toBe(true);
  // what was handed out is drawn before the run says that it is done
  expect(shared.events.at(-1)!.kind).toBe("done");
  expect(readdirSync(path.join(work, "shared", "sample"))).toHaveLength(4);
  expect(ofKind(shared.events, "workerRefused")).toEqual([]);
});

test("a worker that leaves gives back the image that it draws", async () => {
  const long = write("long.txt", "vexla --w 128 --h 128 --s 60 --d 7\n");
  const board = new MemoryBoard(realClock);
  const { said, stop } = workerOf(board);
  const isDrawing = async () => (await board.worker().workers()).some(({ doing }) => doing?.kind === "sample");
  const during = async (event: TrainingEvent) => {
    if (event.kind !== "step") return;
    if (event.step === 1) await until(() => said.includes("ready to draw sample images"));
    if (event.step === 1) await new Promise((resolve) => setTimeout(resolve, 1100));
    if (event.step !== 3) return;
    while (!(await isDrawing())) await new Promise((resolve) => setTimeout(resolve, 20));
    await stop();
  };
  const shared = await trained(path.join(work, "left"), ["--sample_prompts", long], {
    sharing: sharing(board),
    during,
  });
  expect(shared.images.size).toBe(2);
  expect(ofKind(shared.events, "reissued")).toMatchObject([{ job: "sample", step: 2, why: "its worker leaves" }]);
});

test("images that a worker encodes have the latents of a local run, and the worker goes on with the run", async () => {
  const board = new MemoryBoard(realClock);
  const { said, stop } = workerOf(board);
  let calls = 0;
  const held = encodingHere(sharing(board, 0), (encode) => async (pictures) => {
    const found = await encode(pictures);
    // the first image shows how long the others would take here; these are left to the worker
    if (calls++ > 0) await until(() => said.includes("ready"));
    return found;
  });
  const shared = await trained(path.join(work, "encoded"), ["--no_cluster_local"], { sharing: held });
  await stop();
  expect(ofKind(shared.events, "encoded").map(({ images }) => images > 0)).toEqual([true]);
  expect(shared.embedding).toEqual(local.embedding);
  expect(said.filter((text) => text === "ready")).toHaveLength(2);
});

test("what a run that is stopped has handed out is drawn when it goes on, with the vectors of then", async () => {
  const [board, stop, output] = [new MemoryBoard(realClock), new AbortController(), path.join(work, "stopped")];
  const about = { host: "h", pid: 1, device: "cpu", coinage: "1.2", jobs: 0, rate: 0 } as const;
  const run = runName(path.join(output, "word"));
  // one that is there, and never answers
  const tell = () => board.worker().publishPresence({ id: "idle", state: "ready", run, draws: true, ...about });
  const beat = setInterval(() => void tell(), 1000);
  await tell();
  const stopped = await trained(output, [], {
    sharing: sharing(board),
    signal: stop.signal,
    during: (event) => {
      if (event.kind === "step" && event.step === 3) stop.abort();
    },
  });
  clearInterval(beat);
  expect(stopped.images.size).toBe(0);
  expect(ofKind(stopped.events, "warning").map(({ message }) => message)).toContainEqual(
    expect.stringContaining("2 sample images are not drawn yet"),
  );
  const resumed = await trained(output, ["--resume", path.join(output, "word-state")], {});
  expect(resumed.images).toEqual(local.images);
  expect(resumed.embedding).toEqual(local.embedding);
});
