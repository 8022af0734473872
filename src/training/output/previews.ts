import path from "node:path";
import { atPlace, CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import { readSamplePrompts, sampleFileName, WordUse } from "../../generation/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { encodePng } from "../../pictures/index.ts";
import {
  checkRequest,
  type GenerationRequest,
  generateImages,
  openPipeline,
  type Pipeline,
} from "../../pipeline/index.ts";
import type { Sign } from "../diagnostics/step-warnings.ts";
import type { TrainingEvent } from "../events.ts";
import type { Run } from "../loop/run.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TaughtWord } from "../setup/placeholder.ts";
import type { Preparation } from "../setup/prepare.ts";
import { rescueSign } from "./output-folder.ts";

/** The sample pictures that a run is to draw, read and checked before it begins. A file of prompts that is not there hinders nothing, as in sd-scripts.
 *  @throws PROMPT_INVALID, PROMPT_MISSING, FILE_UNREADABLE, and for what cannot be drawn what checkRequest throws */
export async function readPreviews(
  settings: TrainSettings,
  { model, word, checkpoint }: Preparation,
): Promise<{ readonly requests: readonly GenerationRequest[]; readonly notices: readonly Sign[] }> {
  const { samplePrompts, sampleEveryNEpochs, sampleEveryNSteps, sampleAtFirst } = settings;
  const isAsked = sampleAtFirst || sampleEveryNEpochs !== undefined || sampleEveryNSteps !== undefined;
  if (!isAsked || samplePrompts === undefined) return { requests: [], notices: [] };
  try {
    const { sampleSampler: sampler, clipSkip, maxTokenLength } = settings;
    const { family } = model;
    const { tokens, tokenizers } = word;
    const { words } = tokenizers[0]!;
    const options = { family, sampler, clipSkip, maxTokenLength, tokens, words };
    const { requests, warnings } = await readSamplePrompts(samplePrompts, options);
    const parts = { model, predictionType: checkpoint.predictionType.value };
    for (const [i, request] of requests.entries())
      atPlace(`--sample_prompts ${samplePrompts}, prompt ${i + 1}`, () => checkRequest(request, words, parts));
    const messages = [...warnings, ...wordInNoPrompt(word, requests)];
    return { requests, notices: messages.map((message) => ({ code: "SAMPLE_PROMPT", message })) };
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "FILE_NOT_FOUND") throw error;
    const message = ["No pictures are drawn during training:", error.message, error.hint].filter(Boolean).join(" ");
    return { requests: [], notices: [{ code: "SAMPLE_PROMPT", message }] };
  }
}

function wordInNoPrompt({ tokens, tokenizers }: TaughtWord, requests: readonly GenerationRequest[]): string[] {
  const [name] = tokens as [string];
  const use = new WordUse({ tokenizers }, [{ name, tokens, file: "--token_string" }]);
  for (const { prompt, negativePrompt = "", maxEmbeddingsMultiples = 3 } of requests)
    for (const text of [prompt, negativePrompt]) use.look(text, maxEmbeddingsMultiples);
  return use.unused().map(({ reason }) => {
    const why = reason === undefined ? "." : `: ${reason}`;
    return `No sample prompt has "${name}", so the sample pictures do not show what is learned${why}`;
  });
}

/** When sample pictures are drawn decides their names. */
type At = { readonly epoch: number } | { readonly step: number };

/** Draws sample pictures with the word as it is. They have random numbers of their own, so training goes on as if nothing had been drawn;
 *  their networks are loaded for each round of pictures and take no memory while training goes on. */
export class Previews {
  readonly #run: Run;
  readonly #pipeline: Pipeline;
  readonly #signal: StopSignal | undefined;

  /** signal: stops drawing when aborted. */
  constructor(run: Run, { runtime, computeDtype }: ComputingDevice, signal?: StopSignal) {
    const { checkpoint, model, word } = run.preparation;
    const { tokenizers } = word;
    const predictionType = checkpoint.predictionType.value;
    this.#run = run;
    this.#pipeline = openPipeline({ model, predictionType, vocabulary: { tokenizers }, runtime, computeDtype });
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
      for (const [index, request] of this.#run.previewRequests.entries()) {
        if (this.#signal?.aborted) return;
        const drawing = this.#draw(request, index, at);
        yield* this.#unlessItFails(`Sample picture ${index + 1} ("${request.prompt.slice(0, 80)}")`, drawing);
      }
    } finally {
      // A device that failed may refuse to free what it holds, too.
      await this.#pipeline.networks.close().catch(() => {});
    }
  }

  /** What is wrong with a picture must not end the run, whatever it is. */
  async *#unlessItFails(subject: string, drawing: AsyncGenerator<TrainingEvent>): AsyncGenerator<TrainingEvent> {
    try {
      yield* drawing;
    } catch (error) {
      const { code, message } =
        error instanceof CoinageError ? error : { code: "SAMPLE_FAILED", message: String(error) };
      yield* this.#run.tally.addAll([{ code, message: `${subject} could not be drawn: ${message}` }]);
    }
  }

  async *#draw(request: GenerationRequest, index: number, at: At): AsyncGenerator<TrainingEvent> {
    const { settings, preparation, learner, tally, step, epochNumber: epoch } = this.#run;
    const { outputDir, outputName: name } = settings;
    const vocabulary = { tokenizers: preparation.word.tokenizers, embeddings: learner.finishedRows };
    for await (const event of generateImages(request, { ...this.#pipeline, vocabulary })) {
      if (this.#signal?.aborted) return;
      if (event.kind === "warning") yield* tally.addAll([{ code: "SAMPLE_PROMPT", message: event.message }]);
      if (event.kind !== "image") continue;
      const { prompt, seed, width, height } = event.parameters;
      const fileName = sampleFileName({ name, at, index, time: new Date(), seed: request.seed });
      const png = await encodePng(event.picture);
      const { path: file, problem } = await this.#run.output.write(path.join(outputDir, "sample", fileName), (target) =>
        writeFileAtomically(target, png),
      );
      if (problem) yield* tally.addAll([rescueSign(problem)]);
      if (file !== undefined) yield { kind: "sample", file, prompt, index, step, epoch, seed, width, height };
    }
  }
}
