import type { VaeArchitecture } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent, EncodePictures, SharedEncoder } from "../../training/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import type { BlobServer } from "../blobs/server.ts";
import type { BoardOf, CoordinatorBoard } from "../board/board.ts";
import type { Clock } from "../coordinator/clock.ts";
import { protocolVersion, type Seal, sha256 } from "../protocol/signed.ts";
import type { Objection, ShareEvent } from "../sharing/giving.ts";
import { Patience } from "../sharing/patience.ts";
import { JobSharing } from "../sharing/share.ts";
import { distributionSize, readDistribution } from "./distribution.ts";
import { type EncodeAnswer, type EncodeJob, encodeAnswerSchema } from "./protocol.ts";

/** What images are given out with, once that is worth it. */
export interface EncodingQueue {
  readonly board: CoordinatorBoard;
  readonly of: BoardOf;
  /** Signed. */
  readonly manifest: string;
  readonly blobs: Pick<BlobServer, "addBytes" | "removeBytes">;
  readonly deliveries: Pick<Deliveries, "read" | "drop">;
  /** Digest of what the probe of the VAE gave here. */
  readonly numerics: string;
  readonly takesOthers: boolean;
  /** isHandedOver: the run itself goes on in its place. */
  readonly close: (isHandedOver: boolean) => Promise<void>;
}

interface EncoderOptions {
  readonly vae: VaeArchitecture;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Encodes on this machine. */
  readonly here: EncodePictures;
  /** images: that are left. */
  readonly openQueue: (images: number) => Promise<EncodingQueue>;
  /** Images are given out where what is left would take this machine longer, in milliseconds: workers must load the VAE first. */
  readonly worthMs: number;
}

/** Loading SD1.5's VAE and measuring it took a worker 3 to 14 s on two busy cores, and it looks for runs once a second. */
export const usualWorthMs = 15_000;

/** Batches that are prepared at a time. */
const atOnce = 16;

interface Task {
  readonly pictures: readonly Picture[];
  readonly resolve: (distribution: LatentDistribution) => void;
  readonly reject: (error: unknown) => void;
  /** Digests of what workers fetch, once they may. */
  digests: readonly string[];
  found?: LatentDistribution;
}

type Here = { readonly distribution: LatentDistribution } | { readonly problem: unknown };

/** Encodes images here, and by workers as well where enough of them are left. */
export class QueuedEncoder implements SharedEncoder {
  readonly atOnce = atOnce;
  readonly #with: EncoderOptions;
  readonly #tasks = new Map<number, Task>();
  readonly #kept = new Map<string, number>();
  readonly #events: ClusterEvent[] = [];
  readonly #images = new Map<string, number>();
  readonly #patience: Patience;
  readonly #stop = new AbortController();
  #count = 0;
  #left = 0;
  #msPerImage: number | undefined;
  #alone: Promise<void> | undefined;
  #queue: EncodingQueue | undefined;
  #sharing: JobSharing<EncodeAnswer, Here> | undefined;
  #pumping: Promise<void> | undefined;
  #callOffBeat = () => {};
  #isHandedOver = false;

  constructor(options: EncoderOptions) {
    this.#with = options;
    this.#patience = new Patience(options.clock);
  }

  readonly expect = (images: number): void => {
    this.#left += images;
  };

  readonly encode: EncodePictures = (pictures) =>
    new Promise((resolve, reject) => {
      const index = this.#count++;
      this.#tasks.set(index, { pictures, resolve, reject, digests: [] });
      if (this.#sharing) this.#share(index);
      else this.#alone ??= this.#encodeAlone();
    });

  *news(): Generator<ClusterEvent> {
    yield* this.#events.splice(0);
  }

  async finish(): Promise<void> {
    await this.#alone;
    this.#stop.abort();
    await this.#sharing?.stop();
    await this.#pumping;
    for (const [worker, images] of this.#images) this.#events.push({ kind: "encoded", worker, images });
    this.#images.clear();
    // workers that have encoded wait for the run itself
    if (this.#queue) this.#beat(this.#queue);
  }

  /** Called when the run itself is told of in its place. */
  handOver(): void {
    this.#isHandedOver = true;
    this.#callOffBeat();
  }

  async close(): Promise<void> {
    this.#callOffBeat();
    for (const { reject } of this.#tasks.values()) reject(new Error("encoding was given up"));
    this.#tasks.clear();
    this.#stop.abort();
    await this.#alone?.catch(() => {});
    await this.#sharing?.stop();
    await this.#pumping;
    await this.#queue?.close(this.#isHandedOver);
    this.#queue = undefined;
  }

  #beat({ board, manifest }: EncodingQueue): void {
    this.#callOffBeat = this.#with.clock.after(2000, () => {
      board.announce(manifest, { step: this.#count, out: [] }).catch(() => {});
      this.#beat({ board, manifest } as EncodingQueue);
    });
  }

  /** One after the other, until giving out what is left is worth it. */
  async #encodeAlone(): Promise<void> {
    try {
      for (;;) {
        const [next] = this.#tasks;
        if (!next || this.#stop.signal.aborted) break;
        if ((this.#msPerImage ?? 0) * this.#left > this.#with.worthMs) {
          await this.#open();
          break;
        }
        const [index, task] = next;
        const start = this.#with.clock.now();
        task.resolve(await this.#with.here(task.pictures));
        this.#end(index, task);
        // loading is in the first
        const ms = (this.#with.clock.now() - start) / task.pictures.length;
        this.#msPerImage = Math.min(this.#msPerImage ?? ms, ms);
      }
    } catch (error) {
      for (const [index, task] of this.#tasks) {
        task.reject(error);
        this.#end(index, task);
      }
    }
    this.#alone = undefined;
  }

  async #open(): Promise<void> {
    const { seal, clock, openQueue } = this.#with;
    const queue = await openQueue(this.#left);
    this.#queue = queue;
    const { board, of, manifest } = queue;
    const sharing = new JobSharing<EncodeAnswer, Here>({
      ...{ kind: "encode", answers: encodeAnswerSchema, board, of, seal, clock, signal: this.#stop.signal },
      announce: (step, out) => board.announce(manifest, { step, out }),
      bodyOf: (index, attempt) => seal.sign(this.#job(index, attempt)),
      accept: (job, answer) => this.#accept(job, answer),
      here: (index) => this.#here(index),
      begins: () => (this.#patience.isOver ? "anything" : "untaken"),
    });
    await sharing.start();
    this.#sharing = sharing;
    this.#patience.restart();
    for (const index of this.#tasks.keys()) this.#share(index);
    this.#pumping = this.#pump(sharing);
  }

  async #pump(sharing: JobSharing<EncodeAnswer, Here>): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        for (const event of sharing.news()) this.#hear(event);
        await sharing.change();
      }
    } catch (error) {
      for (const { reject } of this.#tasks.values()) reject(error);
    }
  }

  #share(index: number): void {
    const task = this.#tasks.get(index)!;
    task.digests = task.pictures.map((picture) => {
      const bytes = rgbOf(picture);
      const digest = sha256(bytes);
      this.#queue!.blobs.addBytes(digest, bytes);
      this.#kept.set(digest, (this.#kept.get(digest) ?? 0) + 1);
      return digest;
    });
    this.#sharing!.add(index);
  }

  #end(index: number, { pictures, digests }: Task): void {
    this.#tasks.delete(index);
    this.#left -= pictures.length;
    this.#patience.restart();
    for (const digest of digests) {
      const count = this.#kept.get(digest)! - 1;
      this.#kept.set(digest, count);
      if (count === 0) this.#queue!.blobs.removeBytes(digest);
    }
  }

  #job(index: number, attempt: number): EncodeJob {
    const { run, incarnation } = this.#queue!.of;
    const { pictures, digests } = this.#tasks.get(index)!;
    const { width, height } = pictures[0]!;
    const job = { v: protocolVersion, run, incarnation, kind: "encode", index, attempt } as const;
    return { ...job, width, height, pictures: [...digests] };
  }

  async #accept(job: string, { index, numerics, delivered }: EncodeAnswer): Promise<Objection | undefined> {
    const { deliveries, takesOthers, numerics: own } = this.#queue!;
    try {
      const task = this.#tasks.get(index);
      if (!task) return undefined;
      if (!takesOthers && numerics !== own) return { refused: "it computes other bits than the coordinator" };
      const asked = this.#job(index, 1);
      if (delivered.bytes !== distributionSize(asked, this.#with.vae)) return { refused: "latents of another size" };
      const bytes = await deliveries.read(job, delivered.sha256, delivered.bytes);
      if (!bytes) return { refused: "its latents were not delivered" };
      const found = readDistribution(bytes, asked, this.#with.vae);
      if (!found) return { refused: "its latents are no numbers" };
      task.found = found;
      return undefined;
    } finally {
      await deliveries.drop(job);
    }
  }

  async *#here(index: number): AsyncGenerator<Here> {
    const task = this.#tasks.get(index);
    if (!task) return;
    try {
      yield { distribution: await this.#with.here(task.pictures) };
    } catch (problem) {
      yield { problem };
    }
  }

  #hear(event: ShareEvent<EncodeAnswer, Here>): void {
    switch (event.kind) {
      case "answered": {
        const task = this.#tasks.get(event.index);
        if (!task?.found) return;
        const { worker, ms } = event.answer;
        this.#patience.note(ms);
        this.#images.set(worker, (this.#images.get(worker) ?? 0) + task.pictures.length);
        task.resolve(task.found);
        this.#end(event.index, task);
        return;
      }
      case "here": {
        const task = this.#tasks.get(event.index);
        if (!task) return;
        if ("problem" in event.news) task.reject(event.news.problem);
        else task.resolve(event.news.distribution);
        this.#end(event.index, task);
        return;
      }
      case "again":
        this.#events.push({ kind: "reissued", job: "encode", step: 0, index: event.index, why: event.why });
        return;
      case "workerJoined":
      case "workerLeft":
      case "workerRefused":
        this.#events.push(event);
    }
  }
}

/** Three bytes of each pixel. */
function rgbOf({ width, height, channels, data }: Picture): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[i * channels + (channels === 1 ? 0 : c)]!;
  return rgb;
}
