import { z } from "zod";
import { arrayOf, bytesOf, elementCount, typedArrayOn } from "../../array/index.ts";
import type { VaeArchitecture } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import { type ImageOrder, isImageRequest } from "../../training/index.ts";
import { limits, rowsSchema } from "../protocol/arrays.ts";
import { digestSchema, nameSchema } from "../protocol/job.ts";
import { protocolVersion } from "../protocol/signed.ts";

// Messages of jobs that draw or encode images. Pixels and latents travel by HTTP; messages name them by digest.

/** Largest delivery of a job, a sample image or the latents of some images, and of all jobs together. */
export const mostDelivered = { fileBytes: 2 ** 28, bytes: 2 ** 31 } as const;

const common = {
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  /** Of the job among those of its kind, from 0. */
  index: z.int().min(0),
  attempt: z.int().min(1),
};

const answered = {
  ...common,
  worker: nameSchema,
  /** Digest of the worker's VAE probe. */
  numerics: digestSchema,
  ms: z.number().min(0),
  /** The file that the worker has delivered. */
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

/** A job that draws a sample image. */
export type SampleJob = z.infer<typeof sampleJobSchema>;

const side = z
  .int()
  .min(8)
  .max(1 << 14);

export const encodeJobSchema = z.object({
  ...common,
  kind: z.literal("encode"),
  /** In pixels, of each image. */
  width: side,
  height: side,
  /** Digests of the images' RGB bytes, row by row. */
  pictures: z.array(digestSchema).min(1).max(limits.samples),
});

/** A job that encodes images of one size. */
export type EncodeJob = z.infer<typeof encodeJobSchema>;

export const encodeAnswerSchema = z.object({ ...answered, kind: z.literal("encode") });

/** The result of an encode job; the latent distributions are delivered, as distributionBytes gives them. */
export type EncodeAnswer = z.infer<typeof encodeAnswerSchema>;

export const sampleAnswerSchema = z.object({ ...answered, kind: z.literal("sample"), rowsHash: digestSchema });

/** The result of a sample job; the image's RGB bytes are delivered, row by row. */
export type SampleAnswer = z.infer<typeof sampleAnswerSchema>;

/** A latent distribution as the bytes that are delivered for an encode job: all means, then all deviations, float32. */
export function distributionBytes({ mean, deviation }: LatentDistribution): Uint8Array {
  return new Uint8Array(Buffer.concat([bytesOf(mean.data), bytesOf(deviation.data)]));
}

/** Length of these bytes for a job. */
export function distributionSize(job: Shape, vae: Vae): number {
  return 8 * elementCount(shapeOf(job, vae));
}

/** Decodes them; undefined when a number is not finite or a deviation negative. bytes: of the length that distributionSize gives. */
export function readDistribution(bytes: Uint8Array, job: Shape, vae: Vae): LatentDistribution | undefined {
  const numbers = typedArrayOn("float32", bytes) as Float32Array;
  const [mean, deviation] = [numbers.slice(0, numbers.length / 2), numbers.slice(numbers.length / 2)];
  if (!mean.every(Number.isFinite) || !deviation.every((value) => value >= 0 && Number.isFinite(value)))
    return undefined;
  const shape = shapeOf(job, vae);
  return { mean: arrayOf(shape, mean), deviation: arrayOf(shape, deviation) };
}

type Shape = Pick<EncodeJob, "width" | "height" | "pictures">;
type Vae = Pick<VaeArchitecture, "latentChannels" | "vaeScaleFactor">;

function shapeOf({ width, height, pictures }: Shape, { latentChannels, vaeScaleFactor }: Vae): number[] {
  return [pictures.length, latentChannels, height / vaeScaleFactor, width / vaeScaleFactor];
}
