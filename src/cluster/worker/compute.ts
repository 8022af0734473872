import { arrayOf, concatenate, elementCount, type NdArray, typedArrayOn } from "../../array/index.ts";
import { drawTrainingBatch } from "../../diffusion/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { computeMicroStep, drawIn, type MicroStepContext, type MicroStepResult } from "../../training/index.ts";
import {
  decodeGenerators,
  decodeRows,
  decodeTokenIds,
  encodeGradient,
  encodeNumbers,
  learnedGradient,
} from "../protocol/arrays.ts";
import { type Job, type Result, rowsHash } from "../protocol/job.ts";
import { protocolVersion } from "../protocol/signed.ts";

/** Gets the bytes that have a digest. */
export type FetchBlob = (digest: string) => Promise<Uint8Array>;

/** What a job computes: its result before a worker puts its name on it. */
export type Outcome = Pick<Result, "losses" | "gradients" | "rowsHash" | "ms"> & { readonly result: MicroStepResult };

/** Computes a job as a local run would: the same random draws, the same program.
 *  @throws CLUSTER_PROTOCOL when the learned rows do not have the job's digest or other timesteps are drawn, and what the program throws */
export async function computeJob(job: Job, context: MicroStepContext, fetch: FetchBlob): Promise<Outcome> {
  const start = performance.now();
  const embeddings = job.rows.map(decodeRows);
  if (rowsHash(embeddings) !== job.rowsHash)
    throw new CoinageError("CLUSTER_PROTOCOL", "The learned rows of the job do not have the digest that it names.");
  const samples = await samplesOf(job, fetch);
  const fetched = performance.now();
  const { of, accumulationSteps, lossScale } = job;
  const draw = drawOf(job, samples.latents, context);
  if (draw.timesteps.join() !== job.timesteps.join())
    throw new CoinageError(
      "CLUSTER_PROTOCOL",
      `The timesteps drawn here are ${draw.timesteps.join(", ")}, those of the coordinator ${job.timesteps.join(", ")}.`,
      { hint: "Worker and coordinator run different code: install the same version on both." },
    );
  const part = { accumulationSteps, lossScale, batch: of.samples };
  const result = await computeMicroStep(context, embeddings, samples, draw, part);
  const wanted = job.want === "usedRows" ? result.gradients : result.gradients.map(learnedGradient);
  return {
    result,
    rowsHash: job.rowsHash,
    losses: encodeNumbers([result.loss, ...result.sampleLosses]),
    gradients: wanted.map(encodeGradient),
    ms: { fetch: fetched - start, run: performance.now() - fetched },
  };
}

/** Draws noise and timesteps for the whole micro-batch, and gives those of the job's samples. Latents of the other samples are zero here: no draw depends on them. */
function drawOf(
  { generators, of: { microBatch, samples, start }, accumulationSteps }: Job,
  latents: NdArray<Float32Array>,
  { options, schedule }: MicroStepContext,
) {
  const [count, ...shape] = latents.shape;
  const whole = new Float32Array(samples * elementCount(shape));
  whole.set(latents.data, start * elementCount(shape));
  const share = { index: microBatch, count: accumulationSteps };
  const all = arrayOf([samples, ...shape], whole);
  const draw = drawTrainingBatch(all, options, schedule, decodeGenerators(generators), share);
  return drawIn(draw, { start, end: start + count! });
}

/** The result message for a job. numerics: digest of the worker's probe. */
export function resultOf(job: Job, { losses, gradients, ms }: Outcome, numerics: string, worker: string): Result {
  const { run, incarnation, step, index, attempt, rowsHash } = job;
  return {
    v: protocolVersion,
    run,
    incarnation,
    step,
    index,
    attempt,
    rowsHash,
    losses,
    gradients,
    numerics,
    worker,
    ms,
  };
}

async function samplesOf({ samples, latentShape, tokenIds }: Job, fetch: FetchBlob) {
  const [channels, height, width] = latentShape;
  const latents = await Promise.all(samples.map(({ latent }) => floats(latent, [1, channels, height, width], fetch)));
  const masks = await Promise.all(
    samples.map(({ mask }) => (mask === undefined ? undefined : floats(mask, [1, 1, height, width], fetch))),
  );
  const timeIds = samples.map(({ timeIds }) => timeIds);
  return {
    latents: concatenate(latents),
    tokenIds: tokenIds.map(decodeTokenIds),
    priorLossWeights: samples.map(({ lossWeight }) => lossWeight),
    mask: masks.every((mask) => mask !== undefined) ? concatenate(masks) : undefined,
    timeIds: timeIds.every((ids) => ids !== undefined) ? timeIds : undefined,
  };
}

async function floats(digest: string, shape: readonly number[], fetch: FetchBlob): Promise<NdArray<Float32Array>> {
  const bytes = await fetch(digest);
  if (bytes.length !== elementCount(shape) * 4)
    throw new CoinageError("CLUSTER_PROTOCOL", `${bytes.length} bytes do not fill the shape [${shape.join(", ")}].`);
  return arrayOf(shape, typedArrayOn("float32", bytes) as Float32Array);
}
