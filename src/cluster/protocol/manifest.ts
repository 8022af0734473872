import { z } from "zod";
import type { MicroStepPlan } from "../../training/index.ts";
import { sharedKinds } from "../sharing/protocol.ts";
import { gradientSchema, limits } from "./arrays.ts";
import { digestSchema, nameSchema } from "./job.ts";
import { protocolVersion } from "./signed.ts";

const optionalNumber = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const optionalSwitch = z
  .boolean()
  .nullish()
  .transform((value) => value ?? undefined);

const side = z.number().min(1).max(2048);

const planSchema = z.object({
  graph: z.object({
    chunks: z.int().min(1).max(3),
    clipSkip: z.int().min(1).max(32).optional(),
    layers: z.int().min(1).max(100).optional(),
    lossType: z.enum(["l2", "l1", "huber", "smooth_l1"]),
    hasMask: z.boolean(),
    gradientCheckpointing: z.boolean().optional(),
    nominal: z.object({ batch: z.int().min(1).max(64), height: side, width: side }),
    multipleOf: z.int().min(1).max(64),
  }),
  withoutKernelCopies: z.boolean(),
  hasZeroTerminalSnr: z.boolean(),
  options: z.object({
    predictionType: z.enum(["epsilon", "v_prediction"]),
    minTimestep: optionalNumber,
    maxTimestep: optionalNumber,
    timestepSampling: z.enum(["uniform", "stratified", "cosine"]).optional(),
    ipNoiseGamma: optionalNumber,
    ipNoiseGammaRandomStrength: optionalSwitch,
    noiseOffset: optionalNumber,
    noiseOffsetRandomStrength: optionalSwitch,
    adaptiveNoiseScale: optionalNumber,
    multiresNoiseIterations: optionalNumber,
    multiresNoiseDiscount: optionalNumber,
    minSnrGamma: optionalNumber,
    scaleVPredLossLikeNoisePred: optionalSwitch,
    vPredLikeLoss: optionalNumber,
    debiasedEstimationLoss: optionalSwitch,
    huberSchedule: z.enum(["constant", "exponential", "snr"]),
    huberC: z.number(),
    huberScale: z.number(),
  }),
  split: z.int().min(1),
});

const blob = z.object({ sha256: digestSchema, bytes: z.int().min(0) });

const hubPlace = z.object({
  name: z.string().regex(/^\w[\w.-]*\/\w[\w.-]*$/),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  file: z.string().refine((file) => file.split("/").every((part) => !["", ".", ".."].includes(part))),
});

/** Files of weights. path: on the coordinator, which may be a shared disk; hub: its place on the hub, if the coordinator has it from there. */
const weights = z.array(blob.extend({ path: z.string(), hub: hubPlace.optional() }));

/** The coordinator's result of the VAE's probe: see images/vae-probe.ts. */
const vaeProbe = z.object({ values: z.string().max(1 << 20), digest: digestSchema });

/** An address of the coordinator's own: a machine by its number and a port, and nothing else that a worker could be sent to. */
const ownAddress = z.string().regex(/^http:\/\/(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:]{2,39}\]):\d{1,5}$/);

/** What all manifests contain. */
const common = {
  v: z.literal(protocolVersion),
  run: nameSchema,
  incarnation: nameSchema,
  /** Versions that must be equal everywhere: of coinage (major and minor) and of ONNX Runtime. */
  coinage: z.string(),
  runtime: z.string(),
  host: z.string(),
  /** The word that is learned, or the name of the sweep. */
  word: z.string(),
  /** Number of the run's steps, of the sweep's runs, or of images to encode. */
  steps: z.int().min(1),
  /** CPU threads of the coordinator: sums are split by threads, so another number rounds differently. */
  threads: z.int().min(1).max(1024),
  /** The coordinator's BlobServer: its URLs, in order of preference, and its token. */
  blobs: z.object({ urls: z.array(ownAddress).min(1), token: z.string() }),
};

const stepsSchema = z.object({
  ...common,
  kind: z.literal("steps"),
  /** Digest of the graph that a worker must build. */
  graph: digestSchema,
  plan: planSchema as z.ZodType<MicroStepPlan>,
  computesInFloat16: z.boolean(),
  /** The model's description: see model.ts. */
  model: blob,
  weights,
  /** All latents and masks in one blob, if they are small enough: see latents.ts. */
  latents: blob.optional(),
  /** Which workers are used: those that compute the same bits as the coordinator, or also those within a tolerance. */
  numerics: z.enum(["same", "any"]),
  /** A signed job, and the coordinator's result. */
  probe: z.object({ job: z.string(), losses: z.string(), gradients: z.array(gradientSchema), digest: digestSchema }),
  /** What drawing sample images needs besides; undefined where none are drawn. vectors: of the word, per text encoder. */
  samples: z
    .object({
      vectors: z.int().min(1).max(limits.rows),
      predictionType: z.enum(["epsilon", "v_prediction"]),
      weights,
      probe: vaeProbe,
    })
    .optional(),
});

/** What a worker needs to know to train steps of a run. */
export type Manifest = z.infer<typeof stepsSchema>;

const runsSchema = z.object({
  ...common,
  kind: z.literal("runs"),
  /** Digest of the numerics that a worker must have; undefined: any. */
  numerics: digestSchema.optional(),
});

/** What a worker needs to know to train runs of a sweep. */
export type RunsManifest = z.infer<typeof runsSchema>;

const encodingSchema = z.object({
  ...common,
  kind: z.literal("encode"),
  /** The model's description: see model.ts. */
  model: blob,
  weights,
  numerics: z.enum(["same", "any"]),
  probe: vaeProbe,
});

/** What a worker needs to know to encode images of a run, before its first step. */
export type EncodingManifest = z.infer<typeof encodingSchema>;

export const manifestSchema = z.discriminatedUnion("kind", [stepsSchema, runsSchema, encodingSchema]);

export type AnyManifest = z.infer<typeof manifestSchema>;

export const presenceSchema = z.object({
  id: nameSchema,
  host: z.string(),
  pid: z.int(),
  device: z.string(),
  coinage: z.string(),
  state: z.enum(["idle", "loading", "ready", "refused"]),
  run: nameSchema.optional(),
  incarnation: nameSchema.optional(),
  /** "same" or "near", once the probe is computed. */
  numerics: z.string().optional(),
  /** Why it refuses a run. */
  why: z.string().optional(),
  jobs: z.int().min(0),
  /** Micro-batches per second, over the last ones. */
  rate: z.number(),
  /** The job that it computes besides micro-batches, and its progress. */
  doing: z
    .object({ kind: z.enum(sharedKinds), index: z.int().min(0), step: z.int().min(0), steps: z.int().min(0) })
    .optional(),
  /** Whether it draws sample images of the run, too. */
  draws: z.boolean().optional(),
});

/** What a worker publishes of itself; its heartbeat. */
export type Presence = z.infer<typeof presenceSchema>;

/** Whether a presence concerns a run: one of its workers, or a worker that refuses any run. */
export function isAbout({ run, incarnation, state }: Presence, of: Pick<Manifest, "run" | "incarnation">): boolean {
  if (run === undefined) return state === "refused";
  return run === of.run && (incarnation === undefined || incarnation === of.incarnation);
}

/** The run and incarnation that a manifest names, whoever has signed it, and of whatever version; undefined when it is damaged. */
export function namedIn(text: string): { readonly run: string; readonly incarnation: string } | undefined {
  const name = z.string().regex(/^[\w.-]+$/);
  try {
    return z.object({ run: name, incarnation: name }).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
