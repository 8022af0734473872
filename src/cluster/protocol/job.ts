import { createHash } from "node:crypto";
import { z } from "zod";
import { bytesOf, type NdArray } from "../../array/index.ts";
import { generatorsSchema, gradientSchema, limits, numbersSchema, rowsSchema, tokenIdsSchema } from "./arrays.ts";
import { protocolVersion } from "./signed.ts";

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
/** Names of runs and workers: parts of keys. */
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
  /** Steps done before. */
  step: z.int().min(0),
  /** Of the job in its step. */
  index: z.int().min(0),
  attempt: z.int().min(1),
  /** The micro-batch that its samples are of: its index in the step, its samples, and the first of them that is in this job. */
  of: z.object({ microBatch: z.int().min(0), samples: z.int().min(1).max(limits.samples), start: z.int().min(0) }),
  rows: z.array(rowsSchema).min(1).max(limits.encoders),
  rowsHash: digestSchema,
  samples: z.array(sample).min(1).max(limits.samples),
  /** Of each sample: channels, height, width. */
  latentShape: z.tuple([z.int().min(1).max(16), z.int().min(1).max(1024), z.int().min(1).max(1024)]),
  /** Per text encoder. */
  tokenIds: z.array(tokenIdsSchema).min(1).max(limits.encoders),
  generators: generatorsSchema,
  /** What the coordinator has drawn: others mean that a worker runs other code. */
  timesteps: z.array(z.number()),
  accumulationSteps: z.int().min(1),
  /** Gradients that are wanted: of all tokens that are used, or of learned ones alone. */
  want: z.enum(["usedRows", "learnedRows"]),
  lossScale: z.number().optional(),
});

/** A micro-batch, to be computed anywhere. */
export type Job = z.infer<typeof jobSchema>;

export const resultSchema = z.object({
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  step: z.int().min(0),
  index: z.int().min(0),
  attempt: z.int().min(1),
  rowsHash: digestSchema,
  /** Its loss, then that of each sample. */
  losses: numbersSchema,
  gradients: z.array(gradientSchema).min(1).max(limits.encoders),
  /** Digest of what the worker's probe gave. */
  numerics: digestSchema,
  worker: nameSchema,
  ms: z.object({ fetch: z.number(), run: z.number() }),
});

export type Result = z.infer<typeof resultSchema>;

/** The longest texts of messages, in characters. */
export const longest = { job: 4 << 20, result: 16 << 20, manifest: 16 << 20 };

/** The name of a job on its board. */
export function jobId({ step, index, attempt }: Pick<Job, "step" | "index" | "attempt">): string {
  return `s${step}-${index}-${attempt}`;
}

/** A digest of what was learned so far. */
export function rowsHash(rows: readonly NdArray<Float32Array>[]): string {
  const hash = createHash("sha256");
  for (const { shape, data } of rows) hash.update(shape.join("x")).update(bytesOf(data));
  return hash.digest("hex");
}

/** A digest of what was computed, whoever did it. */
export function outcomeDigest({ losses, gradients }: Pick<Result, "losses" | "gradients">): string {
  const hash = createHash("sha256").update(losses);
  for (const { single, double } of gradients)
    for (const { ids, rows } of [single, double]) hash.update(ids).update(rows);
  return hash.digest("hex");
}
