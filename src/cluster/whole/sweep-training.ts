import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { BlobStore } from "../blobs/store.ts";
import type { Presence, RunsManifest } from "../protocol/manifest.ts";
import { protocolVersion, type Seal } from "../protocol/signed.ts";
import { givenBack, openJob, sharedJobId, untilLeaving } from "../sharing/protocol.ts";
import { deviceNumerics } from "./numerics.ts";
import { type RunAnswer, type RunJob, runJobSchema } from "./protocol.ts";
import { deliver, filesToDeliver, type Machine, trainInto } from "./train.ts";
import { unpack } from "./unpack.ts";

interface SweepTrainingOptions {
  readonly manifest: RunsManifest;
  readonly machine: Machine;
  readonly blobs: BlobStore;
  readonly seal: Seal;
  /** Of the worker. */
  readonly id: string;
  readonly say: (text: string) => void;
  /** Publishes which run is being trained, and its step. */
  readonly setDoing: (doing: Presence["doing"]) => void;
}

/** Trains whole runs of a sweep on a worker, one at a time, in a temporary folder. */
export class SweepTraining {
  readonly #options: SweepTrainingOptions;
  readonly #root: string;
  readonly #stop = new AbortController();
  #answering: Promise<unknown> | undefined;
  #training: Promise<unknown> | undefined;
  /** Digest of how this machine rounds: see numerics.ts. */
  readonly numerics: string;
  readonly device: string;

  /** @throws what opening a device throws */
  static async open(options: SweepTrainingOptions): Promise<SweepTraining> {
    const { device, threads } = options.machine;
    const numerics = await deviceNumerics(device, threads);
    return new SweepTraining(options, await mkdtemp(path.join(os.tmpdir(), "coinage-runs-")), numerics);
  }

  private constructor(
    options: SweepTrainingOptions,
    root: string,
    { digest, device }: { readonly digest: string; readonly device: string },
  ) {
    this.#options = options;
    this.#root = root;
    this.numerics = digest;
    this.device = device;
  }

  /** Trains the run of a job, and gives its signed answer. @throws the reason of a failure */
  async compute(body: string): Promise<string> {
    const { seal, manifest } = this.#options;
    const job = openJob(seal, body, runJobSchema, manifest);
    const answer = this.#answer(job);
    this.#answering = answer.catch(() => {});
    try {
      return seal.sign(await answer);
    } catch (error) {
      throw this.#stop.signal.aborted ? new Error(givenBack) : error;
    } finally {
      this.#options.setDoing(undefined);
    }
  }

  async #answer(job: RunJob): Promise<RunAnswer> {
    const { manifest, machine, blobs, id, say, setDoing } = this.#options;
    const { signal } = this.#stop;
    const { run, incarnation, index, attempt } = job;
    setDoing({ kind: "run", index, step: 0, steps: 0 });
    say(`run ${index + 1} of ${manifest.steps}`);
    const source = manifest.blobs;
    const { values, folder } = await unpack(job, { blobs, source, root: this.#root, say, signal });
    const out = path.join(this.#root, "out");
    await rm(out, { recursive: true, force: true });
    const step = (done: number, steps: number) => setDoing({ kind: "run", index, step: done, steps });
    const trained = await untilLeaving(() => {
      const training = trainInto(out, values, machine, { signal, step });
      this.#training = training.catch(() => {});
      return training;
    }, signal);
    const names = trained.problem ? [] : await filesToDeliver(out, [folder, this.#root]);
    return {
      ...{ v: protocolVersion, run, incarnation, kind: "run", index, attempt, ...trained },
      ...{ worker: id, device: this.device, numerics: this.numerics },
      files: await deliver(sharedJobId("run", job), out, names, source),
    };
  }

  /** Cancels the run under way, and removes all files of the sweep. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#answering, this.#training]);
    await rm(this.#root, { recursive: true, force: true });
  }
}
