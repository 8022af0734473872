import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent, DrawerNews, DrawHere, ImageDrawer, ImageOrder } from "../../training/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import type { BoardOf, CoordinatorBoard } from "../board/board.ts";
import type { Clock } from "../coordinator/clock.ts";
import type { Roll } from "../coordinator/roll.ts";
import { encodeRows } from "../protocol/arrays.ts";
import { rowsHash } from "../protocol/job.ts";
import { protocolVersion, type Seal } from "../protocol/signed.ts";
import type { BeginHere, Objection, ShareEvent } from "../sharing/giving.ts";
import { Patience } from "../sharing/patience.ts";
import { JobSharing } from "../sharing/share.ts";
import { type SampleAnswer, type SampleJob, sampleAnswerSchema } from "./protocol.ts";

interface DrawerOptions {
  readonly board: CoordinatorBoard;
  readonly of: BoardOf;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Of the run's workers. */
  readonly roll: Roll;
  readonly deliveries: Pick<Deliveries, "read" | "drop">;
  /** Digest of what the probe of the VAE gave here. */
  readonly numerics: string;
  /** Whether images are taken from workers whose numerics are others. */
  readonly takesOthers: boolean;
  /** Workers that a step has use for. */
  readonly needed: number;
  readonly isStopping: () => boolean;
}

interface Handed {
  readonly order: ImageOrder;
  readonly here: DrawHere;
  /** As a worker has drawn it. */
  picture?: Picture;
}

type Here = { readonly picture?: Picture | undefined } | { readonly problem: unknown };

/** Has sample images drawn by the workers of a run. */
export class SharedDrawer implements ImageDrawer {
  readonly #with: DrawerOptions;
  readonly #sharing: JobSharing<SampleAnswer, Here>;
  readonly #handed = new Map<number, Handed>();
  readonly #stop = new AbortController();
  readonly #patience: Patience;
  #count = 0;
  /** Whether the run waits for images. */
  #isWaiting = false;

  static async open(options: DrawerOptions): Promise<SharedDrawer> {
    const drawer = new SharedDrawer(options);
    await drawer.#sharing.start();
    return drawer;
  }

  private constructor(options: DrawerOptions) {
    this.#with = options;
    const { board, of, seal, clock, roll } = options;
    this.#patience = new Patience(clock);
    this.#sharing = new JobSharing<SampleAnswer, Here>({
      ...{ kind: "sample", answers: sampleAnswerSchema, board, of, seal, clock, roll, signal: this.#stop.signal },
      bodyOf: (index, attempt) => seal.sign(this.#job(index, attempt)),
      accept: (job, answer) => this.#accept(job, answer),
      here: (index) => this.#here(index),
      begins: () => this.#begins(),
      mostOut: () => this.#mostOut(),
    });
  }

  isReady(): boolean {
    return this.#with.roll.drawers > 0;
  }

  get waiting(): number {
    return this.#handed.size;
  }

  handOut(order: ImageOrder, here: DrawHere): void {
    const index = this.#count++;
    this.#handed.set(index, { order, here });
    this.#sharing.add(index);
  }

  *news(): Generator<DrawerNews> {
    for (const event of this.#sharing.news()) yield* this.#told(event);
  }

  async *finish(): AsyncGenerator<DrawerNews> {
    this.#isWaiting = true;
    this.#patience.restart();
    this.#sharing.look();
    try {
      for (;;) {
        yield* this.news();
        if (this.waiting === 0 || this.#with.isStopping()) return;
        await this.#sharing.change();
      }
    } finally {
      this.#isWaiting = false;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sharing.stop();
    await this.#with.board.close(true).catch(() => {});
  }

  /** Between steps nothing is drawn here: it would hold them up. */
  #begins(): BeginHere {
    if (!this.#isWaiting) return "nothing";
    return this.#patience.isOver ? "anything" : "untaken";
  }

  /** As many as there are workers to spare; all once the run waits for them. */
  #mostOut(): number {
    if (this.#isWaiting) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#with.roll.drawers - this.#with.needed);
  }

  #job(index: number, attempt: number): SampleJob {
    const { run, incarnation } = this.#with.of;
    const { request, embeddings } = this.#handed.get(index)!.order;
    const job = { v: protocolVersion, run, incarnation, kind: "sample", index, attempt } as const;
    return { ...job, request, rows: embeddings.map(encodeRows), rowsHash: rowsHash(embeddings) };
  }

  async #accept(
    job: string,
    { index, numerics, delivered, rowsHash: hash }: SampleAnswer,
  ): Promise<Objection | undefined> {
    const { deliveries, takesOthers } = this.#with;
    try {
      const handed = this.#handed.get(index);
      if (!handed) return undefined;
      const { width, height } = handed.order.request;
      if (!takesOthers && numerics !== this.#with.numerics)
        return { refused: "it computes other bits than the coordinator" };
      if (hash !== rowsHash(handed.order.embeddings)) return { refused: "its image was drawn with other vectors" };
      if (delivered.bytes !== 3 * width * height) return { refused: "its image has another size" };
      const data = await deliveries.read(job, delivered.sha256, delivered.bytes);
      if (!data) return { refused: "its image was not delivered" };
      handed.picture = { width, height, channels: 3, data };
      return undefined;
    } finally {
      await deliveries.drop(job);
    }
  }

  async *#here(index: number): AsyncGenerator<Here> {
    const { order, here } = this.#handed.get(index)!;
    const start = this.#with.clock.now();
    try {
      for await (const picture of here(order)) {
        if (picture) this.#patience.note(this.#with.clock.now() - start);
        yield { picture };
      }
    } catch (problem) {
      yield { problem };
    }
  }

  *#told(event: ShareEvent<SampleAnswer, Here>): Generator<DrawerNews> {
    switch (event.kind) {
      case "answered": {
        const { answer, index } = event;
        this.#patience.note(answer.ms);
        yield* this.#drawn(index, this.#handed.get(index)?.picture, answer.worker);
        return;
      }
      case "here": {
        const order = this.#handed.get(event.index)?.order;
        if (!("problem" in event.news)) yield* this.#drawn(event.index, event.news.picture, undefined);
        else if (order && this.#handed.delete(event.index))
          yield { kind: "notDrawn", order, problem: event.news.problem };
        return;
      }
      case "again": {
        const order = this.#handed.get(event.index)?.order;
        if (order) yield { kind: "reissued", job: "sample", step: order.step, index: order.index, why: event.why };
        return;
      }
      case "workerJoined":
      case "workerLeft":
      case "workerRefused":
        yield event satisfies ClusterEvent;
    }
  }

  *#drawn(index: number, picture: Picture | undefined, by: string | undefined): Generator<DrawerNews> {
    const handed = this.#handed.get(index);
    if (!handed || !picture) return;
    this.#handed.delete(index);
    this.#patience.restart();
    yield { kind: "drawn", order: handed.order, picture, by };
  }
}
