import { z } from "zod";
import { digestSchema, nameSchema } from "../protocol/job.ts";
import { protocolVersion } from "../protocol/signed.ts";
import { isFileName, packedPaths } from "./portable.ts";

// Messages of jobs that train whole runs. Images, models and results travel by HTTP; messages name them by digest.

/** Limits of what a job may ask a worker for, and of what a worker may deliver. */
export const limits = {
  config: 1 << 16,
  datasetConfig: 1 << 20,
  /** Files that a run needs, and their bytes in all. */
  filesIn: 100_000,
  bytesIn: 2 ** 36,
  imageBytes: 2 ** 28,
  filesOut: 2000,
  fileBytesOut: 2 ** 28,
  bytesOut: 2 ** 31,
} as const;

/** A path below a folder, its parts joined by slashes. */
const below = (depth: number) =>
  z
    .string()
    .max(1000)
    .refine(
      (text) => text.split("/").length <= depth && text.split("/").every(isFileName),
      "not a path below a folder",
    );

const packedFile = z.object({ name: below(4), sha256: digestSchema, bytes: z.int().min(0).max(limits.bytesIn) });

/** The files that a run's settings name, as a worker places them in its own folder. */
export const inputsSchema = z.object({
  /** isFolder: the flag names the folder of the files, else the one file. */
  flags: z
    .array(
      z.object({
        flag: z.enum(packedPaths),
        isFolder: z.boolean(),
        /** Weights: found in the worker's model folders or its cache. */
        isModel: z.boolean(),
        files: z.array(packedFile.extend({ path: z.string().optional() })).max(limits.filesIn),
      }),
    )
    .max(packedPaths.length),
  /** A dataset config in TOML. Its folders are "@0", "@1", ..., places in `folders`. */
  dataset: z
    .object({
      config: z.string().max(limits.datasetConfig),
      folders: z.array(z.array(packedFile).max(limits.filesIn)).max(1000),
    })
    .optional(),
});

export type Inputs = z.infer<typeof inputsSchema>;
export type PackedFile = z.infer<typeof packedFile>;

const common = {
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  kind: z.literal("run"),
  /** Of the run in its sweep, from 0. */
  index: z.int().min(0),
  attempt: z.int().min(1),
};

export const runJobSchema = z.object({
  ...common,
  /** Settings in TOML, without paths. */
  config: z.string().max(limits.config),
  /** Digest of the canonical text of `Inputs`. */
  inputs: digestSchema,
});

/** A job that trains a whole run. */
export type RunJob = z.infer<typeof runJobSchema>;

const deliveredFile = z.object({
  name: below(2),
  sha256: digestSchema,
  bytes: z.int().min(0).max(limits.fileBytesOut),
});

export const runAnswerSchema = z.object({
  ...common,
  worker: nameSchema,
  device: z.string().max(100),
  /** Digest of the worker's numerics: see numerics.ts. */
  numerics: digestSchema,
  /** Duration of the training. */
  seconds: z.number().min(0),
  /** The error that ended the training; then there are no files. */
  problem: z
    .object({ code: z.string().max(100), message: z.string().max(4000), hint: z.string().max(4000).optional() })
    .optional(),
  files: z.array(deliveredFile).max(limits.filesOut),
});

/** The result of a run's training. */
export type RunAnswer = z.infer<typeof runAnswerSchema>;
export type DeliveredFile = z.infer<typeof deliveredFile>;

/** Whether an error may be the machine's fault, so that another worker should retry the run. code: of the error. */
export function isRetryable(code: string): boolean {
  return /^(OUT_OF_MEMORY|SYSTEM_REFUSED|DEVICE_UNAVAILABLE|RUNTIME|OUTPUT_UNWRITABLE|FILE_NOT_FOUND)$/.test(code);
}

/** The path of a flag's file or folder, relative to the folder in which a worker places a run's files. */
export function placeOf(flag: string, name?: string): string {
  return name === undefined ? `in/${flag}` : `in/${flag}/${name}`;
}

/** Placeholder for a worker's folder in texts that it delivers. */
export const workerFolder = "@worker";
