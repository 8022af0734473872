import { bytesOf, elementCount, type NdArray } from "../../array/index.ts";
import { skipTrainingBatch } from "../../diffusion/index.ts";
import {
  type MicroStepContext,
  type MicroStepSamples,
  type StepInputs,
  sampleRanges,
  samplesIn,
} from "../../training/index.ts";
import type { QueueId } from "../board/board.ts";
import { encodeGenerators, encodeRows, encodeTokenIds } from "../protocol/arrays.ts";
import { type Job, rowsHash } from "../protocol/job.ts";
import { protocolVersion, sha256 } from "../protocol/signed.ts";

/** Stores bytes, or a copy of them, so that they can be fetched by digest. */
export type StoreBlob = (digest: string, bytes: Uint8Array) => void;

/** What all jobs of a run have in common. */
export interface JobOptions extends Pick<MicroStepContext, "options" | "split"> {
  readonly of: QueueId;
  readonly want: Job["want"];
  readonly storeBlob: StoreBlob;
}

/** The jobs of a step: one for each part of a micro-batch. A job contains the state of the random generators, which then advance as in a local run, but without
 *  drawing the noise. */
export async function* jobsOf(
  inputs: StepInputs,
  batches: AsyncIterable<MicroStepSamples>,
  { options, split = 1, of, want, storeBlob }: JobOptions,
): AsyncGenerator<Job> {
  const { step, embeddings, generators, accumulationSteps, lossScale } = inputs;
  const rows = embeddings.map(encodeRows);
  const hash = rowsHash(embeddings);
  const needs = {
    python: Boolean(options.multiresNoiseIterations),
    timesteps: (options.timestepSampling ?? "uniform") !== "uniform",
  };
  let [microBatch, index] = [0, 0];
  for await (const samples of batches) {
    const states = encodeGenerators(generators, needs);
    const share = { index: microBatch, count: accumulationSteps };
    const timesteps = skipTrainingBatch(samples.latents.shape, options, generators, share);
    for (const range of sampleRanges(timesteps.length, split)) {
      const { start, end } = range;
      yield {
        v: protocolVersion,
        ...{ run: of.run, incarnation: of.incarnation, kind: "micro-batch", step, index, attempt: 1, want },
        of: { microBatch, samples: timesteps.length, start },
        ...{ rows, rowsHash: hash, generators: states, accumulationSteps, timesteps: timesteps.slice(start, end) },
        ...(lossScale !== undefined && { lossScale }),
        ...sampleReferences(samplesIn(samples, range), storeBlob),
      };
      index++;
    }
    microBatch++;
  }
}

/** Samples as a job refers to them: latents and masks are stored, and named by digest. */
function sampleReferences(
  { latents, tokenIds, priorLossWeights, mask, timeIds }: MicroStepSamples,
  storeBlob: StoreBlob,
): Pick<Job, "samples" | "latentShape" | "tokenIds"> {
  const [, ...shape] = latents.shape;
  const stored = (array: NdArray<Float32Array>, i: number) => {
    const bytes = itemBytes(array, i);
    const digest = sha256(bytes);
    storeBlob(digest, bytes);
    return digest;
  };
  return {
    samples: priorLossWeights.map((lossWeight, i) => ({
      latent: stored(latents, i),
      ...(mask && { mask: stored(mask, i) }),
      lossWeight,
      ...(timeIds && { timeIds: [...timeIds[i]!] }),
    })),
    latentShape: shape as [number, number, number],
    tokenIds: tokenIds.map(encodeTokenIds),
  };
}

/** The bytes of one item of a batch, as a view. */
export function itemBytes({ shape, data }: NdArray<Float32Array>, i: number): Uint8Array {
  const size = elementCount(shape.slice(1));
  return bytesOf(data.subarray(i * size, (i + 1) * size));
}
