import { CoinageError } from "../../errors/index.ts";
import type { WorkerBoard } from "../board/board.ts";
import { Drawing } from "../images/draw.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { WatchedConsumer } from "./watchdog.ts";

type DrawingOptions = Parameters<typeof Drawing.open>[1];

/** Draws sample images of a run beside its micro-batches, from its own queue. Weights are fetched and loaded in the background. */
export class BackgroundDrawing {
  readonly #opened: Promise<{ readonly drawing: Drawing; readonly consumer: WatchedConsumer } | undefined>;
  #isClosed = false;

  /** onReady: called once it takes jobs. */
  constructor(board: WorkerBoard, manifest: Manifest, options: DrawingOptions, onReady: () => Promise<void>) {
    this.#opened = this.#open(board, manifest, options, onReady);
    // check throws it
    this.#opened.catch(() => {});
  }

  async #open(board: WorkerBoard, manifest: Manifest, options: DrawingOptions, onReady: () => Promise<void>) {
    const drawing = await Drawing.open(manifest, options).catch((error: unknown) => {
      if (options.signal?.aborted) return undefined;
      if (error instanceof CoinageError) return error.message;
      throw error;
    });
    if (drawing === undefined) return undefined;
    if (typeof drawing === "string") {
      options.say(`draws no sample images: ${drawing}`);
      return undefined;
    }
    if (this.#isClosed) {
      await drawing.close();
      return undefined;
    }
    const { run, incarnation } = manifest;
    const of = { run, incarnation, queue: "images" } as const;
    const consumer = await WatchedConsumer.open(board, of, options.id, (body) => drawing.compute(body));
    options.say("ready to draw sample images");
    await onReady();
    return { drawing, consumer };
  }

  /** Checks the connection; to be called once a second. @throws what loading has thrown */
  async check(say: (text: string) => void): Promise<"fine" | "stuck"> {
    // undefined while it is still loading
    const opened = await Promise.race([this.#opened, undefined]);
    return opened ? opened.consumer.check(say) : "fine";
  }

  /** Cancels the image under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opened;
    // at the same time, so that no other job is taken once the one under way is cancelled
    await Promise.all([opened?.consumer.close(), opened?.drawing.close()]);
  }
}
