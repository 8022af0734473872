import { copyOf } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import { parseSamplePrompt, type SampleRequest, sampleFileName } from "../../generation/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { encodePng, type Picture } from "../../pictures/index.ts";
import {
  checkRequest,
  type GenerationEvent,
  generateImages,
  openPipeline,
  type Pipeline,
  seedSource,
} from "../../pipeline/index.ts";
import type { TrainingCommand, TrainingEvent } from "../events.ts";
import type { TrainableEmbeddings } from "../loop/embeddings.ts";
import type { Progress } from "../loop/progress.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { WarningCounter } from "../warnings.ts";
import type { At, DrawerNews, ImageDrawer, ImageOrder } from "./image-drawer.ts";
import { ImageOrders } from "./image-orders.ts";
import { rescueWarning } from "./output-folder.ts";
import { promptOptions } from "./preview-requests.ts";
import type { RunFiles } from "./run-files.ts";

/** An image requested from a run. */
type AskedImage = Pick<Extract<TrainingCommand, { readonly command: "sample" }>, "prompt" | "seed" | "signal">;

/** The run whose embeddings are shown. */
interface ShownRun {
  readonly settings: TrainSettings;
  readonly inputs: Pick<TrainingInputs, "checkpoint" | "model" | "placeholder">;
  readonly embeddings: TrainableEmbeddings;
  readonly progress: Progress;
  readonly files: RunFiles;
  readonly warnings: WarningCounter;
  readonly previewRequests: readonly SampleRequest[];
}

/** Generates sample images with the current embeddings. They have their own random numbers, so training is the same with and without them;
 *  their networks are loaded for each round of images and take no memory during training. While other machines draw, training continues. */
export class Previews {
  readonly #run: ShownRun;
  readonly #pipeline: Pipeline;
  readonly #signal: StopSignal | undefined;
  readonly #drawer: ImageDrawer | undefined;
  readonly #orders: ImageOrders;
  #everyNSteps: number | undefined;
  /** Images requested so far. */
  #asked = 0;

  /** signal: stops generating when aborted. drawer: has other machines draw. */
  constructor(run: ShownRun, { runtime, computeDtype }: ComputingDevice, signal?: StopSignal, drawer?: ImageDrawer) {
    const { checkpoint, model, placeholder } = run.inputs;
    const { tokenizers } = placeholder;
    const predictionType = checkpoint.predictionType.value;
    this.#run = run;
    this.#pipeline = openPipeline({ model, predictionType, vocabulary: { tokenizers }, runtime, computeDtype });
    this.#signal = signal;
    this.#drawer = drawer;
    this.#orders = new ImageOrders(run.files.sampleDir, run.files.runId, run.settings.outputName);
    this.#everyNSteps = run.settings.sampleEveryNEpochs === undefined ? run.settings.sampleEveryNSteps : undefined;
  }

  /** Generates the images of --sample_prompts every `steps` steps from now on; 0: never. @throws PROMPT_MISSING without prompts */
  sampleEvery(steps: number): void {
    if (this.#run.previewRequests.length === 0)
      throw new CoinageError("PROMPT_MISSING", "This run has no sample prompts that could be drawn regularly.", {
        hint: "They are read at the start: --sample_prompts FILE with --sample_at_first or --sample_every_n_steps.",
      });
    this.#everyNSteps = steps > 0 ? steps : undefined;
  }

  /** Generates an image of a prompt, which may contain the options of a prompt file (--w 512). One of the run's own prompts is drawn as the run draws it,
   *  so that the images can be compared. signal: cancels it when aborted. @throws PROMPT_INVALID, PROMPT_MISSING, and as checkRequest */
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
      const order = this.#orderOf(request!, previewRequests.length + this.#asked++, { step: progress.step });
      yield* this.#generate(order, signal);
    } finally {
      await this.#pipeline.networks.close().catch(() => {});
    }
  }

  /** Call before the first step. */
  async *atFirst(): AsyncGenerator<TrainingEvent> {
    if (this.#run.settings.sampleAtFirst) yield* this.#generateAll({ epoch: 0 });
  }

  /** Call after each step. Images by epoch take precedence over images by step. */
  async *afterStep(): AsyncGenerator<TrainingEvent> {
    for (const news of this.#drawer?.news() ?? []) yield* this.#heard(news);
    const interval = this.#everyNSteps;
    const { step } = this.#run.progress;
    if (interval !== undefined && step % interval === 0) yield* this.#generateAll({ step });
  }

  async *afterEpoch(): AsyncGenerator<TrainingEvent> {
    const { sampleEveryNEpochs: interval } = this.#run.settings;
    const { epochNumber: epoch } = this.#run.progress;
    if (interval !== undefined && epoch % interval === 0) yield* this.#generateAll({ epoch });
  }

  /** Draws images that a killed run had handed out and that were not drawn. */
  async *handedOutBefore(): AsyncGenerator<TrainingEvent> {
    const orders = await this.#orders.upTo(this.#run.progress.step);
    if (this.#drawer) for (const order of orders) this.#drawer.handOut(order, (one) => this.#drawHere(one));
    else yield* this.#generateInTurn(orders);
  }

  /** Waits for images handed out, and draws some here. If the run is to stop, the rest is drawn when it resumes. */
  async *finish(): AsyncGenerator<TrainingEvent> {
    const drawer = this.#drawer;
    if (!drawer || drawer.waiting === 0) return;
    try {
      for await (const news of drawer.finish()) yield* this.#heard(news);
    } finally {
      await this.#pipeline.networks.close().catch(() => {});
    }
    if (drawer.waiting === 0) return;
    const count = drawer.waiting === 1 ? "One sample image is" : `${drawer.waiting} sample images are`;
    yield* this.#run.warnings.add([
      { code: "SAMPLE_WAITING", message: `${count} not drawn yet: --resume does it, with the vectors of then.` },
    ]);
  }

  async *#generateAll(at: At): AsyncGenerator<TrainingEvent> {
    // other machines may be slower than the run: each round of images waits for the previous one
    yield* this.finish();
    if (this.#signal?.aborted) return;
    const orders = this.#run.previewRequests.map((request, index) => this.#orderOf(request, index, at));
    const left = this.#drawer?.isReady() ? await this.#handOut(orders, this.#drawer) : orders;
    yield* this.#generateInTurn(left);
  }

  #orderOf(request: SampleRequest, index: number, at: At): ImageOrder {
    const { embeddings, progress } = this.#run;
    const { step, epochNumber: epoch } = progress;
    const seed = request.seed ?? seedSource(undefined, 1)();
    const isSeeded = request.seed !== undefined;
    return {
      request: { ...request, seed },
      embeddings: embeddings.finished.map(copyOf),
      at,
      index,
      isSeeded,
      step,
      epoch,
    };
  }

  /** Hands images out; returns those whose order could not be written. */
  async #handOut(orders: readonly ImageOrder[], drawer: ImageDrawer): Promise<ImageOrder[]> {
    const left: ImageOrder[] = [];
    for (const order of orders) {
      const isNoted = await this.#orders.write(order).then(
        () => true,
        () => false,
      );
      if (isNoted) drawer.handOut(order, (one) => this.#drawHere(one));
      else left.push(order);
    }
    return left;
  }

  async *#heard(news: DrawerNews): AsyncGenerator<TrainingEvent> {
    if (news.kind === "drawn") {
      yield* this.#written(news.order, news.picture, news.by);
      await this.#orders.remove(news.order);
    } else if (news.kind === "notDrawn") {
      yield* this.#failed(news.order, news.problem);
      await this.#orders.remove(news.order);
    } else yield news;
  }

  async *#generateInTurn(orders: readonly ImageOrder[]): AsyncGenerator<TrainingEvent> {
    try {
      for (const order of orders) {
        if (this.#signal?.aborted) return;
        try {
          yield* this.#generate(order);
        } catch (error) {
          yield* this.#failed(order, error);
        }
        if (!this.#signal?.aborted) await this.#orders.remove(order);
      }
    } finally {
      // a device that failed may also fail to free its memory
      await this.#pipeline.networks.close().catch(() => {});
    }
  }

  /** Warns of a failed image: no failure of an image may end the run. */
  async *#failed({ request, index }: ImageOrder, error: unknown): AsyncGenerator<TrainingEvent> {
    const { code, message } = error instanceof CoinageError ? error : { code: "SAMPLE_FAILED", message: String(error) };
    const subject = `Sample image ${index + 1} ("${request.written.slice(0, 80)}")`;
    yield* this.#run.warnings.add([{ code, message: `${subject} could not be generated: ${message}` }]);
  }

  /** signal: cancels it when aborted. */
  async *#generate(order: ImageOrder, signal?: StopSignal): AsyncGenerator<TrainingEvent> {
    const { request, index, step, epoch } = order;
    yield { kind: "sampling", prompt: request.written, index, step, epoch };
    for await (const event of this.#images(order)) {
      if (this.#signal?.aborted || signal?.aborted) return;
      if (event.kind === "warning") yield* this.#run.warnings.add([{ code: "SAMPLE_PROMPT", message: event.message }]);
      if (event.kind === "image") yield* this.#written(order, event.picture, undefined);
    }
  }

  async *#drawHere(order: ImageOrder): AsyncGenerator<Picture | undefined> {
    for await (const event of this.#images(order)) {
      if (this.#signal?.aborted) return;
      if (event.kind === "step") yield undefined;
      if (event.kind === "image") yield event.picture;
    }
  }

  #images({ request, embeddings }: ImageOrder): AsyncGenerator<GenerationEvent> {
    const vocabulary = { tokenizers: this.#run.inputs.placeholder.tokenizers, embeddings };
    return generateImages(request, { ...this.#pipeline, vocabulary });
  }

  /** by: the worker that drew it. */
  async *#written(order: ImageOrder, picture: Picture, by: string | undefined): AsyncGenerator<TrainingEvent> {
    const { settings, files, warnings } = this.#run;
    const { request, at, index, isSeeded, step, epoch } = order;
    const { seed, written: prompt } = request;
    const { width, height } = picture;
    const named = { name: settings.outputName, at, index, time: new Date(), seed: isSeeded ? seed : undefined };
    const { path: file, problem } = await files.writeImage(sampleFileName(named), await encodePng(picture));
    if (problem) yield* warnings.add([rescueWarning(problem)]);
    if (file === undefined) return;
    yield { kind: "sample", file, prompt, index, step, epoch, seed, width, height, ...(by !== undefined && { by }) };
  }
}
