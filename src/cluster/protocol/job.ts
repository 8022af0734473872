import { createHash } from "node:crypto";
import { z } from "zod";
import { bytesOf, type NdArray } from "../../array/index.ts";
import { generatorsSchema, gradientSchema, limits, numbersSchema, rowsSchema, tokenIdsSchema } from "./arrays.ts";
import { protocolVersion } from "./signed.ts";

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
/** Names of runs and workers, which are parts of Redis keys. */
export const nameSchema = z.string().regex(/^[\w.-]{1,100}$/);

const sample = z.object({
  /** Digest of its scaled latents. */
  latent: digestSchema,
  mask: digestSchema.optional(),
  lossWeight: z.number(),
  /** SDXL: see MicroStepSamples. */
  timeIds: z.array(z.number()).length(6).optional(),
});

export const jobSchema = z.object({
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  kind: z.enum(["micro-batch", "probe"]),
  /** Steps done before this one. */
  step: z.int().min(0),
  /** Of the job in its step, from 0. */
  index: z.int().min(0),
  attempt: z.int().min(1),
  /** The micro-batch of which this job is a part: its index in the step, its number of samples, and the first of them that is in this job. */
  of: z.object({ microBatch: z.int().min(0), samples: z.int().min(1).max(limits.samples), start: z.int().min(0) }),
  rows: z.array(rowsSchema).min(1).max(limits.encoders),
  rowsHash: digestSchema,
  samples: z.array(sample).min(1).max(limits.samples),
  /** Of each sample: channels, height, width. */
  latentShape: z.tuple([z.int().min(1).max(16), z.int().min(1).max(1024), z.int().min(1).max(1024)]),
  /** Per text encoder. */
  tokenIds: z.array(tokenIdsSchema).min(1).max(limits.encoders),
  generators: generatorsSchema,
  /** As the coordinator has drawn them. A worker that draws others runs different code. */
  timesteps: z.array(z.number()),
  accumulationSteps: z.int().min(1),
  /** Which gradients the result contains: at all tokens that are used, or at learned ones only. */
  want: z.enum(["usedRows", "learnedRows"]),
  lossScale: z.number().optional(),
});

/** A job that computes a micro-batch or a part of one, or the probe. */
export type Job = z.infer<typeof jobSchema>;

export const resultSchema = z.object({
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  step: z.int().min(0),
  index: z.int().min(0),
  attempt: z.int().min(1),
  rowsHash: digestSchema,
  /** The loss of the job, then that of each sample. */
  losses: numbersSchema,
  gradients: z.array(gradientSchema).min(1).max(limits.encoders),
  /** Digest of the worker's probe. */
  numerics: digestSchema,
  worker: nameSchema,
  ms: z.object({ fetch: z.number(), run: z.number() }),
});

export type Result = z.infer<typeof resultSchema>;

/** Largest length of messages, in characters. */
export const longest = { job: 4 << 20, result: 16 << 20, manifest: 16 << 20 };

/** The id of a job on its board. */
export function jobId({ step, index, attempt }: Pick<Job, "step" | "index" | "attempt">): string {
  return `s${step}-${index}-${attempt}`;
}

/** A digest of the learned vectors. */
export function rowsHash(rows: readonly NdArray<Float32Array>[]): string {
  const hash = createHash("sha256");
  for (const { shape, data } of rows) hash.update(shape.join("x")).update(bytesOf(data));
  return hash.digest("hex");
}

/** A digest of a result, the same whichever worker has computed it. */
export function outcomeDigest({ losses, gradients }: Pick<Result, "losses" | "gradients">): string {
  const hash = createHash("sha256").update(losses);
  for (const { single, double } of gradients)
    for (const { ids, rows } of [single, double]) hash.update(ids).update(rows);
  return hash.digest("hex");
}
