import { z } from "zod";
import { type ImageOrder, isImageRequest } from "../../training/index.ts";
import { limits, rowsSchema } from "../protocol/arrays.ts";
import { digestSchema, nameSchema } from "../protocol/job.ts";
import { protocolVersion } from "../protocol/signed.ts";

// Images as jobs: pixels and latents go by HTTP, named by their digests.

/** Most bytes that a job may bring: of a sample image, or of the latents of some images. */
export const mostDelivered = { fileBytes: 2 ** 28, bytes: 2 ** 31 } as const;

const common = {
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  /** Of the job among those of its kind. */
  index: z.int().min(0),
  attempt: z.int().min(1),
};

const answered = {
  ...common,
  worker: nameSchema,
  /** Digest of what the worker's probe of the VAE gave. */
  numerics: digestSchema,
  ms: z.number().min(0),
  /** What was delivered. */
  delivered: z.object({ sha256: digestSchema, bytes: z.int().min(0).max(mostDelivered.fileBytes) }),
};

export const sampleJobSchema = z.object({
  ...common,
  kind: z.literal("sample"),
  request: z.custom<ImageOrder["request"]>(isImageRequest),
  /** The learned vectors, per text encoder. */
  rows: z.array(rowsSchema).min(1).max(limits.encoders),
  rowsHash: digestSchema,
});

/** A sample image, to be drawn anywhere. */
export type SampleJob = z.infer<typeof sampleJobSchema>;

const side = z
  .int()
  .min(8)
  .max(1 << 14);

export const encodeJobSchema = z.object({
  ...common,
  kind: z.literal("encode"),
  /** Of each image. */
  width: side,
  height: side,
  /** Digests of their bytes, three of each pixel, row by row. */
  pictures: z.array(digestSchema).min(1).max(limits.samples),
});

/** Images of one size, to be encoded anywhere. */
export type EncodeJob = z.infer<typeof encodeJobSchema>;

export const encodeAnswerSchema = z.object({ ...answered, kind: z.literal("encode") });

/** Their distributions: the means, then the deviations, as numbers of single precision, are what was delivered. */
export type EncodeAnswer = z.infer<typeof encodeAnswerSchema>;

export const sampleAnswerSchema = z.object({ ...answered, kind: z.literal("sample"), rowsHash: digestSchema });

/** A sample image as it was drawn: its bytes, three of each pixel, row by row, are what was delivered. */
export type SampleAnswer = z.infer<typeof sampleAnswerSchema>;
