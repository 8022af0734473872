import { z } from "zod";
import { digestSchema, nameSchema } from "../protocol/job.ts";
import { protocolVersion } from "../protocol/signed.ts";
import { isFileName, packedPaths } from "./portable.ts";

// Whole runs as jobs. Messages are small: images, models and what comes back go by HTTP, named by their digests.

/** Most that a run may ask for, and bring back. */
export const most = {
  config: 1 << 16,
  datasetConfig: 1 << 20,
  /** Files of a run, and their bytes; of weights a single one may have all of them. */
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
    .refine((text) => text.split("/").length <= depth && text.split("/").every(isFileName), "no path below a folder");

const packedFile = z.object({ name: below(4), sha256: digestSchema, bytes: z.int().min(0).max(most.bytesIn) });

/** What a flag that names a path stands for, to be laid out on another machine. */
export const inputsSchema = z.object({
  /** isFolder: the flag names the folder of the files, else the one file. */
  flags: z
    .array(
      z.object({
        flag: z.enum(packedPaths),
        isFolder: z.boolean(),
        /** Large, and the same for many runs: found in the owner's folders, and kept. */
        isModel: z.boolean(),
        files: z.array(packedFile.extend({ path: z.string().optional() })).max(most.filesIn),
      }),
    )
    .max(packedPaths.length),
  /** A dataset config in TOML, whose folders are "@0", "@1", ... */
  dataset: z
    .object({
      config: z.string().max(most.datasetConfig),
      folders: z.array(z.array(packedFile).max(most.filesIn)).max(1000),
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
  /** Of the run in its sweep. */
  index: z.int().min(0),
  attempt: z.int().min(1),
};

export const runJobSchema = z.object({
  ...common,
  /** Settings in TOML; paths are not among them. */
  config: z.string().max(most.config),
  /** Digest of what its paths stand for. */
  inputs: digestSchema,
});

/** A run, to be trained anywhere. */
export type RunJob = z.infer<typeof runJobSchema>;

const deliveredFile = z.object({ name: below(2), sha256: digestSchema, bytes: z.int().min(0).max(most.fileBytesOut) });

export const runAnswerSchema = z.object({
  ...common,
  worker: nameSchema,
  device: z.string().max(100),
  /** Digest of how the worker rounds. */
  numerics: digestSchema,
  /** Of the training. */
  seconds: z.number().min(0),
  /** Why there are no files. */
  problem: z
    .object({ code: z.string().max(100), message: z.string().max(4000), hint: z.string().max(4000).optional() })
    .optional(),
  files: z.array(deliveredFile).max(most.filesOut),
});

/** What has come of a run. */
export type RunAnswer = z.infer<typeof runAnswerSchema>;
export type DeliveredFile = z.infer<typeof deliveredFile>;

/** Whether another machine may do better. code: of what has ended a run. */
export function isOfMachine(code: string): boolean {
  return /^(OUT_OF_MEMORY|SYSTEM_REFUSED|DEVICE_UNAVAILABLE|RUNTIME|OUTPUT_UNWRITABLE|FILE_NOT_FOUND)$/.test(code);
}

/** Where a path of a run lies in the folder of its worker; in texts that come back the folder is `workerFolder`. */
export function placeOf(flag: string, name?: string): string {
  return name === undefined ? `in/${flag}` : `in/${flag}/${name}`;
}

/** Stands for a worker's folder in texts that come back. */
export const workerFolder = "@worker";
