import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { writeFileAtomically } from "../files/index.ts";
import {
  openGenerator,
  type PictureGenerator,
  type PictureRequest,
  previewFileName,
  readPreviewPrompts,
} from "../generation/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { encodePng } from "../pictures/index.ts";
import type { ComputingDevice } from "./device.ts";
import type { TrainingEvent } from "./events.ts";
import { rescueSign } from "./output.ts";
import type { Preparation } from "./prepare.ts";
import type { Run } from "./run.ts";
import type { Sign } from "./signs.ts";

/** The sample pictures that a run is to draw, read before it begins. A file of prompts that is not there hinders nothing, as in sd-scripts.
 *  @throws PROMPT_INVALID, PROMPT_MISSING, FILE_UNREADABLE */
export async function readPreviews(
  settings: TrainSettings,
  { model, word }: Preparation,
): Promise<{ readonly requests: readonly PictureRequest[]; readonly notices: readonly Sign[] }> {
  const { samplePrompts, sampleEveryNEpochs, sampleEveryNSteps, sampleAtFirst } = settings;
  const isAsked = sampleAtFirst || sampleEveryNEpochs !== undefined || sampleEveryNSteps !== undefined;
  if (!isAsked || samplePrompts === undefined) return { requests: [], notices: [] };
  try {
    const { sampleSampler: sampler, clipSkip, maxTokenLength } = settings;
    const { family } = model;
    const { tokens } = word;
    const read = await readPreviewPrompts(samplePrompts, { family, sampler, clipSkip, maxTokenLength, tokens });
    return { requests: read.requests, notices: read.warnings.map((message) => ({ code: "SAMPLE_PROMPT", message })) };
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "FILE_NOT_FOUND") throw error;
    const message = `No pictures are drawn during training: ${error.message}`;
    return { requests: [], notices: [{ code: "SAMPLE_PROMPT", message }] };
  }
}

/** When sample pictures are drawn decides their names. */
type At = { readonly epoch: number } | { readonly step: number };

/** Draws sample pictures with the word as it is. They have random numbers of their own, so training goes on as if nothing had been drawn;
 *  their networks are loaded for each round of pictures and take no memory while training goes on. */
export class Previews {
  readonly #run: Run;
  readonly #generator: PictureGenerator;
  readonly #signal: AbortSignal | undefined;

  /** signal: stops drawing when aborted. */
  constructor(run: Run, { runtime, products }: ComputingDevice, signal?: AbortSignal) {
    const { checkpoint, model, word } = run.preparation;
    const { tokenizers } = word;
    const predictionType = checkpoint.predictionType.value;
    this.#run = run;
    this.#generator = openGenerator({ model, predictionType, vocabulary: { tokenizers }, runtime, products });
    this.#signal = signal;
  }

  /** Before the first step. */
  async *atFirst(): AsyncGenerator<TrainingEvent> {
    if (this.#run.settings.sampleAtFirst) yield* this.#drawAll({ epoch: 0 });
  }

  /** After a step, where pictures by epoch do not win. */
  async *afterStep(): AsyncGenerator<TrainingEvent> {
    const { sampleEveryNSteps: interval, sampleEveryNEpochs } = this.#run.settings;
    const { step } = this.#run;
    if (interval !== undefined && sampleEveryNEpochs === undefined && step % interval === 0)
      yield* this.#drawAll({ step });
  }

  async *afterEpoch(): AsyncGenerator<TrainingEvent> {
    const { sampleEveryNEpochs: interval } = this.#run.settings;
    const epoch = this.#run.epochNumber;
    if (interval !== undefined && epoch % interval === 0) yield* this.#drawAll({ epoch });
  }

  async *#drawAll(at: At): AsyncGenerator<TrainingEvent> {
    try {
      yield* this.#drawEach(at);
    } finally {
      await this.#generator.close();
    }
  }

  async *#drawEach(at: At): AsyncGenerator<TrainingEvent> {
    for (const [index, request] of this.#run.previewRequests.entries()) {
      if (this.#signal?.aborted) return;
      try {
        yield* this.#draw(request, index, at);
      } catch (error) {
        // What is wrong with one picture must not end the run.
        if (!(error instanceof CoinageError)) throw error;
        const message = `Sample picture ${index + 1} ("${request.prompt}") could not be drawn: ${error.message}`;
        yield* this.#run.tally.addAll([{ code: error.code, message }]);
      }
    }
  }

  async *#draw(request: PictureRequest, index: number, at: At): AsyncGenerator<TrainingEvent> {
    const { settings, preparation, learner, tally, step, epochNumber: epoch } = this.#run;
    const { outputDir, outputName: name } = settings;
    const vocabulary = { tokenizers: preparation.word.tokenizers, rows: learner.finishedRows };
    for await (const event of this.#generator.generate(request, vocabulary)) {
      if (this.#signal?.aborted) return;
      if (event.kind === "warning") yield* tally.addAll([{ code: "SAMPLE_PROMPT", message: event.message }]);
      if (event.kind !== "image") continue;
      const { prompt, seed, width, height } = event.parameters;
      const fileName = previewFileName({ name, at, index, time: new Date(), seed: request.seed });
      const png = await encodePng(event.picture);
      const { path: file, problem } = await this.#run.output.write(path.join(outputDir, "sample", fileName), (target) =>
        writeFileAtomically(target, png),
      );
      if (problem) yield* tally.addAll([rescueSign(problem)]);
      if (file !== undefined) yield { kind: "sample", file, prompt, index, step, epoch, seed, width, height };
    }
  }
}
