import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import type { GenerationRunEvent } from "../run-events.ts";
import { splitLine } from "./line.ts";
import type { ImagePlan, WrittenPrompt } from "./plan.ts";

/** Generates images for prompts as they arrive, all of one prompt before the next is read. An unusable prompt gives a warning,
 *  an empty one is skipped.
 *  differs from sd-scripts: with --interactive, the images of a prompt wait for further prompts until a batch is full.
 *  coinage: the images of a prompt are generated at once.
 *  because: a user who types a prompt wants to see its images. */
export async function* generateTyped(
  prompts: AsyncIterable<string>,
  planTyped: (prompt: WrittenPrompt) => ImagePlan,
  generate: (plan: ImagePlan) => AsyncIterable<GenerationRunEvent>,
): AsyncGenerator<GenerationRunEvent, void> {
  let number = 0;
  yield { kind: "asking" };
  for await (const text of prompts) {
    const [prompt] = splitLine(text);
    if (prompt !== "") {
      try {
        const plan = planTyped({ text, place: `prompt ${++number}` });
        yield { kind: "prompt", text, seeds: seedsOf(plan) };
        for (const message of plan.warnings) yield { kind: "warning", code: "PROMPT", message };
        yield* generate(plan);
      } catch (error) {
        if (!(error instanceof CoinageError)) throw error;
        const { code, message, hint } = error;
        yield { kind: "warning", code, message: hint === undefined ? message : `${message} ${hint}` };
      }
    }
    yield { kind: "asking" };
  }
}

function seedsOf({ batches }: ImagePlan): number[] {
  return batches.flatMap(({ images }) => images.map(({ image }) => image.seed));
}

/** The lines of a stream as they arrive, until aborted. */
export async function* typedLines(
  text: AsyncIterable<string | Uint8Array>,
  signal?: StopSignal,
): AsyncGenerator<string, void> {
  const input = text instanceof Readable ? text : Readable.from(text);
  // created only when the first line is read: it would drop earlier input
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  if (signal?.aborted) lines.close();
  signal?.addEventListener?.("abort", () => lines.close());
  try {
    yield* lines;
  } finally {
    lines.close();
  }
}
