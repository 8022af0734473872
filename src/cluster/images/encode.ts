import { stack } from "../../array/index.ts";
import { encodeImages, Networks } from "../../networks/index.ts";
import { pictureToFloats } from "../../pictures/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { deliverBytes } from "../blobs/source.ts";
import type { EncodingManifest, Presence } from "../protocol/manifest.ts";
import { protocolVersion } from "../protocol/signed.ts";
import { openJob, sharedJobId } from "../sharing/protocol.ts";
import { type Numerics, whyUnused } from "../worker/numerics.ts";
import { deviceFor, fetchModel, type SessionOptions } from "../worker/session.ts";
import { distributionBytes, type EncodeAnswer, type EncodeJob, encodeJobSchema } from "./protocol.ts";
import { compareProbes, probeVae } from "./vae-probe.ts";

interface EncodingOptions extends SessionOptions {
  /** Of the worker. */
  readonly id: string;
  /** Publishes what is being encoded. */
  readonly setDoing: (doing: Presence["doing"]) => void;
}

/** Encodes images of a run on a worker, before the run's first step. */
export class Encoding {
  readonly #manifest: EncodingManifest;
  readonly #options: EncodingOptions;
  readonly #networks: Networks;
  readonly #runtime: Runtime;
  readonly numerics: Numerics;
  #encoding: Promise<unknown> | undefined;

  /** Fetches the VAE and computes its probe. A string says why this worker encodes nothing. @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL, and what loading throws */
  static async open(manifest: EncodingManifest, options: EncodingOptions): Promise<Encoding | string> {
    const model = await fetchModel(manifest, ["vae"], options.blobs, options.say);
    const { runtime } = await deviceFor({ ...manifest, computesInFloat16: false }, options);
    try {
      const networks = new Networks(model, runtime);
      const numerics = compareProbes(await probeVae(networks, "encoder"), manifest.probe);
      const why = whyUnused(numerics, manifest.numerics);
      if (why === undefined) return new Encoding(manifest, options, networks, runtime, numerics);
      await runtime.close();
      return why;
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  private constructor(
    manifest: EncodingManifest,
    options: EncodingOptions,
    networks: Networks,
    runtime: Runtime,
    numerics: Numerics,
  ) {
    this.#manifest = manifest;
    this.#options = options;
    this.#networks = networks;
    this.#runtime = runtime;
    this.numerics = numerics;
  }

  get device(): string {
    return this.#runtime.device;
  }

  /** Computes a job, and gives its signed result. @throws the reason of a failure */
  async compute(body: string): Promise<string> {
    const { seal, setDoing } = this.#options;
    const job = openJob(seal, body, encodeJobSchema, this.#manifest);
    setDoing({ kind: "encode", index: job.index, step: 0, steps: job.pictures.length });
    const encoding = this.#encode(job);
    this.#encoding = encoding.catch(() => {});
    try {
      return seal.sign(await encoding);
    } finally {
      setDoing(undefined);
    }
  }

  async #encode(job: EncodeJob): Promise<EncodeAnswer> {
    const { blobs, id: worker } = this.#options;
    const { blobs: source } = this.#manifest;
    const { run, incarnation, index, attempt, width, height } = job;
    const pictures = await Promise.all(
      job.pictures.map(async (digest) => {
        const data = await blobs.bytes(digest, source);
        if (data.length !== 3 * width * height) throw new Error("an image does not have the size that the job names");
        return pictureToFloats({ width, height, channels: 3, data });
      }),
    );
    const start = performance.now();
    const distribution = await encodeImages(this.#networks, stack(pictures));
    const ms = performance.now() - start;
    const bytes = distributionBytes(distribution);
    const delivered = await deliverBytes(sharedJobId("encode", job), bytes, "latents", source);
    const answer = { v: protocolVersion, run, incarnation, kind: "encode", index, attempt, worker } as const;
    return { ...answer, numerics: this.numerics.digest, ms, delivered };
  }

  async close(): Promise<void> {
    // a device cannot be closed while it computes
    await this.#encoding;
    await this.#runtime.close();
  }
}
