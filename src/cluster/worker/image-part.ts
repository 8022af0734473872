import { CoinageError } from "../../errors/index.ts";
import type { WorkerBoard } from "../board/board.ts";
import { Drawing } from "../images/draw.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { WatchedServing } from "./watchdog.ts";

type DrawingOptions = Parameters<typeof Drawing.open>[1];

/** Draws sample images of a run besides its micro-batches, once what that takes is there. */
export class ImagePart {
  readonly #opened: Promise<{ readonly drawing: Drawing; readonly serving: WatchedServing } | undefined>;
  #isClosed = false;

  /** isDrawing: called once it draws. */
  constructor(board: WorkerBoard, manifest: Manifest, options: DrawingOptions, isDrawing: () => Promise<void>) {
    this.#opened = this.#open(board, manifest, options, isDrawing);
    // told where it is looked after
    this.#opened.catch(() => {});
  }

  async #open(board: WorkerBoard, manifest: Manifest, options: DrawingOptions, isDrawing: () => Promise<void>) {
    const drawing = await Drawing.open(manifest, options).catch((error: unknown) => {
      if (options.signal?.aborted) return undefined;
      if (error instanceof CoinageError) return error.message;
      throw error;
    });
    if (drawing === undefined) return undefined;
    if (typeof drawing === "string") {
      options.report(`draws no sample images: ${drawing}`);
      return undefined;
    }
    if (this.#isClosed) {
      await drawing.close();
      return undefined;
    }
    const { run, incarnation } = manifest;
    const of = { run, incarnation, queue: "images" } as const;
    const serving = await WatchedServing.open(board, of, options.id, (body) => drawing.compute(body));
    options.report("ready to draw sample images");
    await isDrawing();
    return { drawing, serving };
  }

  /** Looks after it from time to time. */
  async look(say: (text: string) => void): Promise<"fine" | "stuck"> {
    // as long as it loads there is nothing to look after
    const opened = await Promise.race([this.#opened, undefined]);
    return opened ? opened.serving.look(say) : "fine";
  }

  /** Gives up the image under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opened;
    // at the same time: what is given up must not be followed by the next one
    await Promise.all([opened?.serving.close(), opened?.drawing.close()]);
  }
}
