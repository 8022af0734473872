import type { NdArray } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import { throwIfAborted } from "../../events/index.ts";
import { Networks } from "../../networks/index.ts";
import type { Picture } from "../../pictures/index.ts";
import { generateImages, openPipeline, plainVocabulary } from "../../pipeline/index.ts";
import type { OpenDevice } from "../../runtime/index.ts";
import { addPlaceholder } from "../../tokenizer/index.ts";
import { deliverBytes } from "../blobs/source.ts";
import { decodeRows } from "../protocol/arrays.ts";
import { rowsHash } from "../protocol/job.ts";
import type { Manifest, Presence } from "../protocol/manifest.ts";
import { trainingNetworks } from "../protocol/model.ts";
import { protocolVersion } from "../protocol/signed.ts";
import { givenBack, openJob, sharedJobId, untilLeaving } from "../sharing/protocol.ts";
import { type Numerics, whyUnused } from "../worker/numerics.ts";
import { deviceFor, fetchModel, type SessionOptions } from "../worker/session.ts";
import { type SampleAnswer, type SampleJob, sampleJobSchema } from "./protocol.ts";
import { compareProbes, probeVae } from "./vae-probe.ts";

interface DrawingOptions extends SessionOptions {
  /** Of the worker. */
  readonly id: string;
  /** Publishes what is being drawn. */
  readonly setDoing: (doing: Presence["doing"]) => void;
  /** Waits for the micro-batch that the worker is computing: steps have priority over images. */
  readonly untilFree: () => Promise<void>;
}

/** Networks that have been idle for so many milliseconds are unloaded: training needs the memory. */
const unloadAfterMs = 60_000;

/** Draws sample images of a run on a worker. It has a device of its own, so neither loading nor decoding delays a micro-batch. */
export class Drawing {
  readonly #manifest: Manifest;
  readonly #options: DrawingOptions;
  readonly #device: OpenDevice;
  readonly #pipeline: ReturnType<typeof openPipeline>;
  readonly #numerics: Numerics;
  readonly #stop = new AbortController();
  #answering: Promise<unknown> | undefined;
  #drawing: Promise<unknown> | undefined;
  #unloading: NodeJS.Timeout | undefined;

  /** Fetches the VAE and computes its probe. A string says why this worker draws nothing.
   *  @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL, what loading throws, and the reason of the signal */
  static async open(manifest: Manifest, options: DrawingOptions): Promise<Drawing | string> {
    const { predictionType, probe, vectors, weights } = manifest.samples!;
    const all = { ...manifest, weights: [...manifest.weights, ...weights] };
    const model = await fetchModel(all, [...trainingNetworks, "vae"], options.blobs, options.say);
    throwIfAborted(options.signal);
    const device = await deviceFor(manifest, options);
    const { runtime, computeDtype } = device;
    try {
      const networks = new Networks(model, runtime);
      const numerics = compareProbes(await probeVae(networks, "decoder"), probe);
      await networks.close();
      const why = whyUnused(numerics, manifest.numerics);
      if (why !== undefined) {
        await runtime.close();
        return why;
      }
      const plain = plainVocabulary(model.family, await clipMerges()).tokenizers;
      const tokenizers = plain.map((one) => addPlaceholder(one, manifest.word, vectors).tokenizer);
      const pipeline = openPipeline({ model, predictionType, vocabulary: { tokenizers }, runtime, computeDtype });
      return new Drawing(manifest, options, device, pipeline, numerics);
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  private constructor(
    manifest: Manifest,
    options: DrawingOptions,
    device: OpenDevice,
    pipeline: ReturnType<typeof openPipeline>,
    numerics: Numerics,
  ) {
    this.#manifest = manifest;
    this.#options = options;
    this.#device = device;
    this.#pipeline = pipeline;
    this.#numerics = numerics;
  }

  /** Computes a job, and gives its signed result. @throws the reason of a failure */
  async compute(body: string): Promise<string> {
    const { seal, setDoing } = this.#options;
    const job = openJob(seal, body, sampleJobSchema, this.#manifest);
    clearTimeout(this.#unloading);
    const answer = this.#answer(job);
    this.#answering = answer.catch(() => {});
    try {
      return seal.sign(await answer);
    } finally {
      setDoing(undefined);
      if (!this.#stop.signal.aborted)
        this.#unloading = setTimeout(() => void this.#pipeline.networks.close().catch(() => {}), unloadAfterMs).unref();
    }
  }

  async #answer(job: SampleJob): Promise<SampleAnswer> {
    const start = performance.now();
    const { run, incarnation, index, attempt } = job;
    const embeddings = job.rows.map(decodeRows);
    if (rowsHash(embeddings) !== job.rowsHash)
      throw new Error("the learned rows of the job do not have the digest that it names");
    const { data } = await untilLeaving(() => {
      const drawing = this.#draw(job, embeddings);
      this.#drawing = drawing.catch(() => {});
      return drawing;
    }, this.#stop.signal);
    const ms = performance.now() - start;
    const delivered = await deliverBytes(sharedJobId("sample", job), data, "a sample image", this.#manifest.blobs);
    return {
      ...{ v: protocolVersion, run, incarnation, kind: "sample", index, attempt, worker: this.#options.id },
      ...{ rowsHash: job.rowsHash, numerics: this.#numerics.digest, ms, delivered },
    };
  }

  async #draw({ index, request }: SampleJob, embeddings: readonly NdArray<Float32Array>[]): Promise<Picture> {
    const { setDoing, untilFree } = this.#options;
    const atStep = (step: number) => setDoing({ kind: "sample", index, step, steps: request.steps });
    atStep(0);
    const vocabulary = { ...this.#pipeline.vocabulary, embeddings };
    await untilFree();
    for await (const event of generateImages(request, { ...this.#pipeline, vocabulary })) {
      if (this.#stop.signal.aborted) break;
      if (event.kind === "step") atStep(event.step);
      if (event.kind === "image") return event.picture;
      await untilFree();
    }
    throw new Error(givenBack);
  }

  /** Cancels the image under way, and closes the device. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#unloading);
    await Promise.all([this.#answering, this.#drawing]);
    await this.#device.runtime.close();
  }
}
