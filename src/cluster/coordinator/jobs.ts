import { bytesOf, elementCount, type NdArray } from "../../array/index.ts";
import { skipTrainingBatch } from "../../diffusion/index.ts";
import type { MicroStepContext, MicroStepSamples, StepInputs } from "../../training/index.ts";
import type { BoardOf } from "../board/board.ts";
import { encodeGenerators, encodeRows, encodeTokenIds } from "../protocol/arrays.ts";
import { type Job, rowsHash } from "../protocol/job.ts";
import { protocolVersion, sha256 } from "../protocol/signed.ts";

/** Keeps bytes to be fetched by their digest. */
export type KeepBlob = (digest: string, bytes: Uint8Array) => void;

/** The jobs of a step. The generators go on as in the loop of one machine, without the noise being made: jobs carry where they stood. */
export async function* jobsOf(
  inputs: StepInputs,
  batches: AsyncIterable<MicroStepSamples>,
  { options }: Pick<MicroStepContext, "options">,
  of: BoardOf,
  keep: KeepBlob,
): AsyncGenerator<Job> {
  const { step, embeddings, generators, accumulationSteps, lossScale } = inputs;
  const rows = embeddings.map(encodeRows);
  const hash = rowsHash(embeddings);
  const needs = {
    python: Boolean(options.multiresNoiseIterations),
    timesteps: (options.timestepSampling ?? "uniform") !== "uniform",
  };
  let index = 0;
  for await (const samples of batches) {
    const states = encodeGenerators(generators, needs);
    const share = { index, count: accumulationSteps };
    const timesteps = skipTrainingBatch(samples.latents.shape, options, generators, share);
    yield {
      v: protocolVersion,
      ...{ run: of.run, incarnation: of.incarnation, kind: "micro-batch", step, index, attempt: 1 },
      ...{ rows, rowsHash: hash, timesteps: [...timesteps], generators: states, accumulationSteps },
      ...(lossScale !== undefined && { lossScale }),
      ...describedSamples(samples, keep),
    };
    index++;
  }
}

/** Samples as a job names them; their latents and masks are kept. */
function describedSamples(
  { latents, tokenIds, priorLossWeights, mask, timeIds }: MicroStepSamples,
  keep: KeepBlob,
): Pick<Job, "samples" | "latentShape" | "tokenIds"> {
  const [, ...shape] = latents.shape;
  const kept = (array: NdArray<Float32Array>, i: number) => {
    const bytes = partBytes(array, i);
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

/** A copy of the bytes of one item. */
function partBytes({ shape, data }: NdArray<Float32Array>, i: number): Uint8Array {
  const size = elementCount(shape.slice(1));
  return bytesOf(data.slice(i * size, (i + 1) * size));
}
