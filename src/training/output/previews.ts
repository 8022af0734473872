import { atPlace, CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import {
  parseSamplePrompt,
  readSamplePrompts,
  type SampleRequest,
  sampleFileName,
  WordUse,
} from "../../generation/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { encodePng } from "../../pictures/index.ts";
import {
  checkRequest,
  type GenerationRequest,
  generateImages,
  openPipeline,
  type Pipeline,
} from "../../pipeline/index.ts";
import type { TrainingCommand, TrainingEvent } from "../events.ts";
import type { TrainableEmbeddings } from "../loop/embeddings.ts";
import type { Progress } from "../loop/progress.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { PreparedPlaceholder } from "../setup/placeholder.ts";
import type { Warning, WarningCounter } from "../warnings.ts";
import { rescueWarning } from "./output-folder.ts";
import type { RunFiles } from "./run-files.ts";

/** An image that a run was asked for. */
type AskedImage = Pick<Extract<TrainingCommand, { readonly command: "sample" }>, "prompt" | "seed" | "signal">;

/** The sample images that a run is to generate, read and checked before it begins. A file of prompts that is not there hinders nothing, as in sd-scripts.
 *  @throws PROMPT_INVALID, PROMPT_MISSING, FILE_UNREADABLE, and for what cannot be generated what checkRequest throws */
export async function readPreviews(
  settings: TrainSettings,
  { model, placeholder, checkpoint }: Pick<TrainingInputs, "model" | "placeholder" | "checkpoint">,
): Promise<{ readonly requests: readonly SampleRequest[]; readonly warnings: readonly Warning[] }> {
  const { samplePrompts, sampleEveryNEpochs, sampleEveryNSteps, sampleAtFirst, run } = settings;
  // a run with a folder can be told to draw them later on
  const isAsked =
    sampleAtFirst || sampleEveryNEpochs !== undefined || sampleEveryNSteps !== undefined || run !== undefined;
  if (!isAsked || samplePrompts === undefined) return { requests: [], warnings: [] };
  try {
    const { requests, warnings } = await readSamplePrompts(
      samplePrompts,
      promptOptions(settings, { model, placeholder }),
    );
    const { words } = placeholder.tokenizers[0]!;
    const parts = { model, predictionType: checkpoint.predictionType.value };
    for (const [i, request] of requests.entries())
      atPlace(`--sample_prompts ${samplePrompts}, prompt ${i + 1}`, () => checkRequest(request, words, parts));
    const messages = [...warnings, ...tokenInNoPrompt(placeholder, requests)];
    return { requests, warnings: messages.map((message) => ({ code: "SAMPLE_PROMPT", message })) };
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "FILE_NOT_FOUND") throw error;
    const message = ["No sample images are generated during training:", error.message, error.hint]
      .filter(Boolean)
      .join(" ");
    return { requests: [], warnings: [{ code: "SAMPLE_PROMPT", message }] };
  }
}

function promptOptions(
  { sampleSampler: sampler, clipSkip, maxTokenLength }: TrainSettings,
  { model: { family }, placeholder: { tokens, tokenizers } }: Pick<TrainingInputs, "model" | "placeholder">,
) {
  return { family, sampler, clipSkip, maxTokenLength, tokens, words: tokenizers[0]!.words };
}

function tokenInNoPrompt(
  { tokens, tokenizers }: PreparedPlaceholder,
  requests: readonly GenerationRequest[],
): string[] {
  const [name] = tokens as [string];
  const use = new WordUse({ tokenizers }, [{ name, tokens, file: "--token_string" }]);
  for (const { prompt, negativePrompt = "", maxEmbeddingsMultiples = 3 } of requests)
    for (const text of [prompt, negativePrompt]) use.look(text, maxEmbeddingsMultiples);
  return use.unused().map(({ reason }) => {
    const why = reason === undefined ? "." : `: ${reason}`;
    return `No sample prompt has "${name}", so the sample images do not show what is learned${why}`;
  });
}

/** When sample images are generated decides their names. */
type At = { readonly epoch: number } | { readonly step: number };

/** The run that is shown. */
interface ShownRun {
  readonly settings: TrainSettings;
  readonly inputs: Pick<TrainingInputs, "checkpoint" | "model" | "placeholder">;
  readonly embeddings: TrainableEmbeddings;
  readonly progress: Progress;
  readonly files: RunFiles;
  readonly warnings: WarningCounter;
  readonly previewRequests: readonly SampleRequest[];
}

/** Generates sample images with the embeddings as they are. They have random numbers of their own, so training goes on as if there were none;
 *  their networks are loaded for each round of images and take no memory while training goes on. */
export class Previews {
  readonly #run: ShownRun;
  readonly #pipeline: Pipeline;
  readonly #signal: StopSignal | undefined;
  #everyNSteps: number | undefined;
  /** Images that were asked for one by one. */
  #asked = 0;

  /** signal: stops generating when aborted. */
  constructor(run: ShownRun, { runtime, computeDtype }: ComputingDevice, signal?: StopSignal) {
    const { checkpoint, model, placeholder } = run.inputs;
    const { tokenizers } = placeholder;
    const predictionType = checkpoint.predictionType.value;
    this.#run = run;
    this.#pipeline = openPipeline({ model, predictionType, vocabulary: { tokenizers }, runtime, computeDtype });
    this.#signal = signal;
    this.#everyNSteps = run.settings.sampleEveryNEpochs === undefined ? run.settings.sampleEveryNSteps : undefined;
  }

  /** Generates the images of --sample_prompts every so many steps from now on, 0: no more. @throws PROMPT_MISSING when there are none */
  sampleEvery(steps: number): void {
    if (this.#run.previewRequests.length === 0)
      throw new CoinageError("PROMPT_MISSING", "This run has no sample prompts that could be drawn regularly.", {
        hint: "They are read at the start: --sample_prompts FILE with --sample_at_first or --sample_every_n_steps.",
      });
    this.#everyNSteps = steps > 0 ? steps : undefined;
  }

  /** Generates an image of a prompt, which may have the options of a prompt file (--w 512). A prompt of the run itself without options is drawn as the run draws it,
   *  so that the images can be compared. signal: gives it up when aborted. @throws PROMPT_INVALID, PROMPT_MISSING, and what checkRequest throws */
  async *draw({ prompt, seed, signal }: AskedImage): AsyncGenerator<TrainingEvent> {
    const { settings, inputs, progress, previewRequests, warnings } = this.#run;
    const parsed = parseSamplePrompt(prompt, `prompt ${JSON.stringify(prompt)}`, promptOptions(settings, inputs));
    const alike = previewRequests.filter((known) => known.written === prompt.trim());
    const own = alike.find((known) => known.seed === seed) ?? alike[0];
    const [request] = (own ? [own] : parsed.requests).map((read) => ({ ...read, seed: seed ?? read.seed }));
    const parts = { model: inputs.model, predictionType: inputs.checkpoint.predictionType.value };
    checkRequest(request!, inputs.placeholder.tokenizers[0]!.words, parts);
    yield* warnings.add(parsed.warnings.map((message) => ({ code: "SAMPLE_PROMPT", message })));
    try {
      yield* this.#generate(request!, previewRequests.length + this.#asked++, { step: progress.step }, signal);
    } finally {
      await this.#pipeline.networks.close().catch(() => {});
    }
  }

  /** Before the first step. */
  async *atFirst(): AsyncGenerator<TrainingEvent> {
    if (this.#run.settings.sampleAtFirst) yield* this.#generateAll({ epoch: 0 });
  }

  /** After a step, where images by epoch do not take precedence. */
  async *afterStep(): AsyncGenerator<TrainingEvent> {
    const interval = this.#everyNSteps;
    const { step } = this.#run.progress;
    if (interval !== undefined && step % interval === 0) yield* this.#generateAll({ step });
  }

  async *afterEpoch(): AsyncGenerator<TrainingEvent> {
    const { sampleEveryNEpochs: interval } = this.#run.settings;
    const { epochNumber: epoch } = this.#run.progress;
    if (interval !== undefined && epoch % interval === 0) yield* this.#generateAll({ epoch });
  }

  async *#generateAll(at: At): AsyncGenerator<TrainingEvent> {
    try {
      for (const [index, request] of this.#run.previewRequests.entries()) {
        if (this.#signal?.aborted) return;
        const events = this.#generate(request, index, at);
        yield* this.#unlessItFails(`Sample image ${index + 1} ("${request.written.slice(0, 80)}")`, events);
      }
    } finally {
      // A device that failed may refuse to free what it holds, too.
      await this.#pipeline.networks.close().catch(() => {});
    }
  }

  /** What is wrong with an image must not end the run, whatever it is. */
  async *#unlessItFails(subject: string, events: AsyncGenerator<TrainingEvent>): AsyncGenerator<TrainingEvent> {
    try {
      yield* events;
    } catch (error) {
      const { code, message } =
        error instanceof CoinageError ? error : { code: "SAMPLE_FAILED", message: String(error) };
      yield* this.#run.warnings.add([{ code, message: `${subject} could not be generated: ${message}` }]);
    }
  }

  async *#generate(request: SampleRequest, index: number, at: At, signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
    const { settings, inputs, embeddings, progress, files, warnings } = this.#run;
    const { step, epochNumber: epoch } = progress;
    const vocabulary = { tokenizers: inputs.placeholder.tokenizers, embeddings: embeddings.finished };
    yield { kind: "sampling", prompt: request.written, index, step, epoch };
    for await (const event of generateImages(request, { ...this.#pipeline, vocabulary })) {
      if (this.#signal?.aborted || signal?.aborted) return;
      if (event.kind === "warning") yield* warnings.add([{ code: "SAMPLE_PROMPT", message: event.message }]);
      if (event.kind !== "image") continue;
      const { seed, width, height } = event.parameters;
      const name = sampleFileName({ name: settings.outputName, at, index, time: new Date(), seed: request.seed });
      const { path: file, problem } = await files.writeImage(name, await encodePng(event.picture));
      if (problem) yield* warnings.add([rescueWarning(problem)]);
      if (file !== undefined)
        yield { kind: "sample", file, prompt: request.written, index, step, epoch, seed, width, height };
    }
  }
}
