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

/** Keeps bytes, or a copy of them, to be fetched by their digest. */
export type KeepBlob = (digest: string, bytes: Uint8Array) => void;

/** What all jobs of a run have in common. */
export interface JobRules extends Pick<MicroStepContext, "options" | "split"> {
  readonly of: QueueId;
  readonly want: Job["want"];
  readonly keep: KeepBlob;
}

/** The jobs of a step: one for each part of a micro-batch. The generators go on as in the loop of one machine, without the noise being made: jobs carry where
 *  they stood. */
export async function* jobsOf(
  inputs: StepInputs,
  batches: AsyncIterable<MicroStepSamples>,
  { options, split = 1, of, want, keep }: JobRules,
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
        ...describedSamples(samplesIn(samples, range), keep),
      };
      index++;
    }
    microBatch++;
  }
}

/** Samples as a job names them; their latents and masks are kept. */
function describedSamples(
  { latents, tokenIds, priorLossWeights, mask, timeIds }: MicroStepSamples,
  keep: KeepBlob,
): Pick<Job, "samples" | "latentShape" | "tokenIds"> {
  const [, ...shape] = latents.shape;
  const kept = (array: NdArray<Float32Array>, i: number) => {
    const bytes = pieceOf(array, i);
    const digest = sha256(bytes);
    keep(digest, bytes);
    return digest;
  };
  return {
    samples: priorLossWeights.map((lossWeight, i) => ({
      latent: kept(latents, i),
      ...(mask && { mask: kept(mask, i) }),
      lossWeight,
      ...(timeIds && { timeIds: [...timeIds[i]!] }),
    })),
    latentShape: shape as [number, number, number],
    tokenIds: tokenIds.map(encodeTokenIds),
  };
}

/** The bytes of one item, as a view. */
export function pieceOf({ shape, data }: NdArray<Float32Array>, i: number): Uint8Array {
  const size = elementCount(shape.slice(1));
  return bytesOf(data.subarray(i * size, (i + 1) * size));
}
