import type { VaeArchitecture } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent, EncodePictures, SharedEncoder } from "../../training/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import type { BlobServer } from "../blobs/server.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { Clock } from "../coordinator/clock.ts";
import { protocolVersion, type Seal, sha256 } from "../protocol/signed.ts";
import type { Rejection, ShareEvent } from "../sharing/options.ts";
import { JobSharing } from "../sharing/share.ts";
import { StragglerTimer } from "../sharing/straggler-timer.ts";
import {
  distributionSize,
  type EncodeAnswer,
  type EncodeJob,
  encodeAnswerSchema,
  readDistribution,
} from "./protocol.ts";

/** A queue for images to encode, as it is opened once sharing them is worth it. */
export interface EncodingQueue {
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  /** Signed. */
  readonly manifest: string;
  readonly blobs: Pick<BlobServer, "addBytes" | "removeBytes">;
  readonly deliveries: Pick<Deliveries, "read" | "drop">;
  /** Digest of the VAE probe as it was computed here. */
  readonly numerics: string;
  readonly takesOtherNumerics: boolean;
  /** isHandedOver: the run's own manifest has replaced this queue's. */
  readonly close: (isHandedOver: boolean) => Promise<void>;
}

interface EncoderOptions {
  readonly vae: VaeArchitecture;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Encodes on this machine. */
  readonly encodeHere: EncodePictures;
  /** images: how many are left. */
  readonly openQueue: (images: number) => Promise<EncodingQueue>;
  /** The images that are left are shared only if encoding them here would take longer than this, in milliseconds: workers must load the VAE first. */
  readonly minSharedMs: number;
}

/** A worker took 3 to 14 s to load SD1.5's VAE and compute its probe, on two busy cores. */
export const defaultMinSharedMs = 15_000;

/** Batches that are encoded at a time. */
const atOnce = 16;

interface Batch {
  readonly pictures: readonly Picture[];
  readonly resolve: (distribution: LatentDistribution) => void;
  readonly reject: (error: unknown) => void;
  /** Digests of its images, once they are served to workers. */
  digests: readonly string[];
  result?: LatentDistribution;
}

type LocalResult = { readonly distribution: LatentDistribution } | { readonly problem: unknown };

/** Encodes images on this machine, and opens a queue for workers as well if enough images are left. */
export class QueuedEncoder implements SharedEncoder {
  readonly atOnce = atOnce;
  readonly #options: EncoderOptions;
  readonly #batches = new Map<number, Batch>();
  /** How many batches refer to each image that is served, by digest. */
  readonly #served = new Map<string, number>();
  readonly #events: ClusterEvent[] = [];
  /** How many images each worker has encoded. */
  readonly #imagesByWorker = new Map<string, number>();
  readonly #stragglers: StragglerTimer;
  readonly #stop = new AbortController();
  #nextIndex = 0;
  #imagesLeft = 0;
  #msPerImage: number | undefined;
  #encodingAlone: Promise<void> | undefined;
  #queue: EncodingQueue | undefined;
  #sharing: JobSharing<EncodeAnswer, LocalResult> | undefined;
  #handling: Promise<void> | undefined;
  #stopHeartbeat = () => {};
  #isHandedOver = false;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#stragglers = new StragglerTimer(options.clock);
  }

  readonly expect = (images: number): void => {
    this.#imagesLeft += images;
  };

  readonly encode: EncodePictures = (pictures) =>
    new Promise((resolve, reject) => {
      const index = this.#nextIndex++;
      this.#batches.set(index, { pictures, resolve, reject, digests: [] });
      if (this.#sharing) this.#share(index);
      else this.#encodingAlone ??= this.#encodeAlone();
    });

  *news(): Generator<ClusterEvent> {
    yield* this.#events.splice(0);
  }

  async finish(): Promise<void> {
    await this.#encodingAlone;
    this.#stop.abort();
    await this.#sharing?.stop();
    await this.#handling;
    for (const [worker, images] of this.#imagesByWorker) this.#events.push({ kind: "encoded", worker, images });
    this.#imagesByWorker.clear();
    // keeps the workers that have encoded until the run itself is announced
    if (this.#queue) this.#startHeartbeat(this.#queue);
  }

  /** Called when the run's own manifest is about to replace this queue's. */
  handOver(): void {
    this.#isHandedOver = true;
    this.#stopHeartbeat();
  }

  async close(): Promise<void> {
    this.#stopHeartbeat();
    for (const { reject } of this.#batches.values()) reject(new Error("encoding was cancelled"));
    this.#batches.clear();
    this.#stop.abort();
    await this.#encodingAlone?.catch(() => {});
    await this.#sharing?.stop();
    await this.#handling;
    await this.#queue?.close(this.#isHandedOver);
    this.#queue = undefined;
  }

  #startHeartbeat({ board, manifest }: EncodingQueue): void {
    this.#stopHeartbeat = this.#options.clock.after(2000, () => {
      board.announce(manifest, { step: this.#nextIndex, excluded: [] }).catch(() => {});
      this.#startHeartbeat({ board, manifest } as EncodingQueue);
    });
  }

  /** Encodes batches one after another, until sharing those that are left is worth it. */
  async #encodeAlone(): Promise<void> {
    try {
      for (;;) {
        const [next] = this.#batches;
        if (!next || this.#stop.signal.aborted) break;
        if ((this.#msPerImage ?? 0) * this.#imagesLeft > this.#options.minSharedMs) {
          await this.#openQueue();
          break;
        }
        const [index, task] = next;
        const start = this.#options.clock.now();
        task.resolve(await this.#options.encodeHere(task.pictures));
        this.#remove(index, task);
        // the least: the first batch includes loading the VAE
        const ms = (this.#options.clock.now() - start) / task.pictures.length;
        this.#msPerImage = Math.min(this.#msPerImage ?? ms, ms);
      }
    } catch (error) {
      for (const [index, task] of this.#batches) {
        task.reject(error);
        this.#remove(index, task);
      }
    }
    this.#encodingAlone = undefined;
  }

  async #openQueue(): Promise<void> {
    const { seal, clock, openQueue } = this.#options;
    const queue = await openQueue(this.#imagesLeft);
    this.#queue = queue;
    const { board, of, manifest } = queue;
    const sharing = new JobSharing<EncodeAnswer, LocalResult>({
      ...{ kind: "encode", answers: encodeAnswerSchema, board, of, seal, clock, signal: this.#stop.signal },
      announce: (step, out) => board.announce(manifest, { step, excluded: out }),
      bodyOf: (index, attempt) => seal.sign(this.#job(index, attempt)),
      accept: (job, answer) => this.#accept(job, answer),
      runHere: (index) => this.#encodeHere(index),
      mayStart: () => (this.#stragglers.isExpired ? "anything" : "untaken"),
    });
    await sharing.start();
    this.#sharing = sharing;
    this.#stragglers.restart();
    for (const index of this.#batches.keys()) this.#share(index);
    this.#handling = this.#handleEvents(sharing);
  }

  async #handleEvents(sharing: JobSharing<EncodeAnswer, LocalResult>): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        for (const event of sharing.news()) this.#handle(event);
        await sharing.nextChange();
      }
    } catch (error) {
      for (const { reject } of this.#batches.values()) reject(error);
    }
  }

  #share(index: number): void {
    const task = this.#batches.get(index)!;
    task.digests = task.pictures.map((picture) => {
      const bytes = rgbOf(picture);
      const digest = sha256(bytes);
      this.#queue!.blobs.addBytes(digest, bytes);
      this.#served.set(digest, (this.#served.get(digest) ?? 0) + 1);
      return digest;
    });
    this.#sharing!.add(index);
  }

  #remove(index: number, { pictures, digests }: Batch): void {
    this.#batches.delete(index);
    this.#imagesLeft -= pictures.length;
    this.#stragglers.restart();
    for (const digest of digests) {
      const count = this.#served.get(digest)! - 1;
      this.#served.set(digest, count);
      if (count === 0) this.#queue!.blobs.removeBytes(digest);
    }
  }

  #job(index: number, attempt: number): EncodeJob {
    const { run, incarnation } = this.#queue!.of;
    const { pictures, digests } = this.#batches.get(index)!;
    const { width, height } = pictures[0]!;
    const job = { v: protocolVersion, run, incarnation, kind: "encode", index, attempt } as const;
    return { ...job, width, height, pictures: [...digests] };
  }

  async #accept(job: string, { index, numerics, delivered }: EncodeAnswer): Promise<Rejection | undefined> {
    const { deliveries, takesOtherNumerics, numerics: own } = this.#queue!;
    try {
      const task = this.#batches.get(index);
      if (!task) return undefined;
      if (!takesOtherNumerics && numerics !== own) return { refused: "it computes other bits than the coordinator" };
      const asked = this.#job(index, 1);
      if (delivered.bytes !== distributionSize(asked, this.#options.vae))
        return { refused: "its latents have another size" };
      const bytes = await deliveries.read(job, delivered.sha256, delivered.bytes);
      if (!bytes) return { refused: "its latents were not delivered" };
      const found = readDistribution(bytes, asked, this.#options.vae);
      if (!found) return { refused: "its latents are not finite numbers" };
      task.result = found;
      return undefined;
    } finally {
      await deliveries.drop(job);
    }
  }

  async *#encodeHere(index: number): AsyncGenerator<LocalResult> {
    const task = this.#batches.get(index);
    if (!task) return;
    try {
      yield { distribution: await this.#options.encodeHere(task.pictures) };
    } catch (problem) {
      yield { problem };
    }
  }

  #handle(event: ShareEvent<EncodeAnswer, LocalResult>): void {
    switch (event.kind) {
      case "answered": {
        const task = this.#batches.get(event.index);
        if (!task?.result) return;
        const { worker, ms } = event.answer;
        this.#stragglers.note(ms);
        this.#imagesByWorker.set(worker, (this.#imagesByWorker.get(worker) ?? 0) + task.pictures.length);
        task.resolve(task.result);
        this.#remove(event.index, task);
        return;
      }
      case "here": {
        const task = this.#batches.get(event.index);
        if (!task) return;
        if ("problem" in event.news) task.reject(event.news.problem);
        else task.resolve(event.news.distribution);
        this.#remove(event.index, task);
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

/** The RGB bytes of an image, row by row. */
function rgbOf({ width, height, channels, data }: Picture): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[i * channels + (channels === 1 ? 0 : c)]!;
  return rgb;
}
