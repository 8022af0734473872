import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent, DrawerNews, DrawHere, ImageDrawer, ImageOrder } from "../../training/index.ts";
import type { Deliveries } from "../blobs/deliveries.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { Clock } from "../coordinator/clock.ts";
import type { WorkerRegistry } from "../coordinator/worker-registry.ts";
import { encodeRows } from "../protocol/arrays.ts";
import { rowsHash } from "../protocol/job.ts";
import { protocolVersion, type Seal } from "../protocol/signed.ts";
import type { LocalStart, Rejection, ShareEvent } from "../sharing/options.ts";
import { JobSharing } from "../sharing/share.ts";
import { StragglerTimer } from "../sharing/straggler-timer.ts";
import { type SampleAnswer, type SampleJob, sampleAnswerSchema } from "./protocol.ts";

interface DrawerOptions {
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  readonly seal: Seal;
  readonly clock: Clock;
  /** The run's workers. */
  readonly registry: WorkerRegistry;
  readonly deliveries: Pick<Deliveries, "read" | "drop">;
  /** Digest of the VAE probe as it was computed here. */
  readonly numerics: string;
  /** Whether images of workers with other numerics are accepted. */
  readonly takesOtherNumerics: boolean;
  /** Workers that a step keeps busy, and that are not free for images. */
  readonly workersPerStep: number;
  readonly isStopping: () => boolean;
}

interface HandedOut {
  readonly order: ImageOrder;
  readonly here: DrawHere;
  /** As it came from a worker, once accepted. */
  picture?: Picture;
}

type LocalResult = { readonly picture?: Picture | undefined } | { readonly problem: unknown };

/** Has the workers of a run draw its sample images. */
export class SharedDrawer implements ImageDrawer {
  readonly #options: DrawerOptions;
  readonly #sharing: JobSharing<SampleAnswer, LocalResult>;
  readonly #handedOut = new Map<number, HandedOut>();
  readonly #stop = new AbortController();
  readonly #stragglers: StragglerTimer;
  #nextIndex = 0;
  /** Whether the run waits for images. */
  #isWaiting = false;

  static async open(options: DrawerOptions): Promise<SharedDrawer> {
    const drawer = new SharedDrawer(options);
    await drawer.#sharing.start();
    return drawer;
  }

  private constructor(options: DrawerOptions) {
    this.#options = options;
    const { board, of, seal, clock, registry } = options;
    this.#stragglers = new StragglerTimer(clock);
    this.#sharing = new JobSharing<SampleAnswer, LocalResult>({
      ...{ kind: "sample", answers: sampleAnswerSchema, board, of, seal, clock, registry, signal: this.#stop.signal },
      bodyOf: (index, attempt) => seal.sign(this.#job(index, attempt)),
      accept: (job, answer) => this.#accept(job, answer),
      runHere: (index) => this.#drawHere(index),
      mayStart: () => this.#mayStart(),
      mostInFlight: () => this.#mostInFlight(),
    });
  }

  isReady(): boolean {
    return this.#options.registry.drawerCount > 0;
  }

  get waiting(): number {
    return this.#handedOut.size;
  }

  handOut(order: ImageOrder, here: DrawHere): void {
    const index = this.#nextIndex++;
    this.#handedOut.set(index, { order, here });
    this.#sharing.add(index);
  }

  *news(): Generator<DrawerNews> {
    for (const event of this.#sharing.news()) yield* this.#handle(event);
  }

  async *finish(): AsyncGenerator<DrawerNews> {
    this.#isWaiting = true;
    this.#stragglers.restart();
    this.#sharing.refresh();
    try {
      for (;;) {
        yield* this.news();
        if (this.waiting === 0 || this.#options.isStopping()) return;
        await this.#sharing.nextChange();
      }
    } finally {
      this.#isWaiting = false;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sharing.stop();
    await this.#options.board.close(true).catch(() => {});
  }

  /** Nothing is drawn here while the run trains: that would delay its steps. */
  #mayStart(): LocalStart {
    if (!this.#isWaiting) return "nothing";
    return this.#stragglers.isExpired ? "anything" : "untaken";
  }

  /** As many as there are workers to spare, but at least one; all of them once the run waits for its images. */
  #mostInFlight(): number {
    if (this.#isWaiting) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#options.registry.drawerCount - this.#options.workersPerStep);
  }

  #job(index: number, attempt: number): SampleJob {
    const { run, incarnation } = this.#options.of;
    const { request, embeddings } = this.#handedOut.get(index)!.order;
    const job = { v: protocolVersion, run, incarnation, kind: "sample", index, attempt } as const;
    return { ...job, request, rows: embeddings.map(encodeRows), rowsHash: rowsHash(embeddings) };
  }

  async #accept(
    job: string,
    { index, numerics, delivered, rowsHash: hash }: SampleAnswer,
  ): Promise<Rejection | undefined> {
    const { deliveries, takesOtherNumerics } = this.#options;
    try {
      const handed = this.#handedOut.get(index);
      if (!handed) return undefined;
      const { width, height } = handed.order.request;
      if (!takesOtherNumerics && numerics !== this.#options.numerics)
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

  async *#drawHere(index: number): AsyncGenerator<LocalResult> {
    const { order, here } = this.#handedOut.get(index)!;
    const start = this.#options.clock.now();
    try {
      for await (const picture of here(order)) {
        if (picture) this.#stragglers.note(this.#options.clock.now() - start);
        yield { picture };
      }
    } catch (problem) {
      yield { problem };
    }
  }

  *#handle(event: ShareEvent<SampleAnswer, LocalResult>): Generator<DrawerNews> {
    switch (event.kind) {
      case "answered": {
        const { answer, index } = event;
        this.#stragglers.note(answer.ms);
        yield* this.#drawn(index, this.#handedOut.get(index)?.picture, answer.worker);
        return;
      }
      case "here": {
        const order = this.#handedOut.get(event.index)?.order;
        if (!("problem" in event.news)) yield* this.#drawn(event.index, event.news.picture, undefined);
        else if (order && this.#handedOut.delete(event.index))
          yield { kind: "notDrawn", order, problem: event.news.problem };
        return;
      }
      case "again": {
        const order = this.#handedOut.get(event.index)?.order;
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
    const handed = this.#handedOut.get(index);
    if (!handed || !picture) return;
    this.#handedOut.delete(index);
    this.#stragglers.restart();
    yield { kind: "drawn", order: handed.order, picture, by };
  }
}
