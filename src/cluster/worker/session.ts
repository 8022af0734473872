import { CoinageError } from "../../errors/index.ts";
import { throwIfAborted } from "../../events/index.ts";
import { type OpenDevice, openDevice, type Runtime } from "../../runtime/index.ts";
import { lowerMicroStep, type MicroStepContext } from "../../training/index.ts";
import type { BlobStore } from "../blobs/store.ts";
import { type Job, jobSchema, longest } from "../protocol/job.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { trainingNetworks } from "../protocol/model.ts";
import type { Seal } from "../protocol/signed.ts";
import type { FetchBlob } from "./compute.ts";
import { fetchModel } from "./fetch-model.ts";
import { Latents } from "./latents.ts";
import { type Numerics, probe } from "./numerics.ts";

export interface SessionOptions {
  readonly device: Parameters<typeof openDevice>[0]["device"];
  /** Threads on processors; undefined: as many as the coordinator has, for other numbers round differently. */
  readonly threads: number | undefined;
  readonly blobs: BlobStore;
  readonly seal: Seal;
  /** What is being done, for people. */
  readonly report: (text: string) => void;
  /** Aborted when the worker leaves: then what is loaded is given up after the part under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A run as it is loaded on this machine. */
export interface Session {
  readonly manifest: Manifest;
  readonly context: MicroStepContext;
  readonly latents: Latents;
  readonly fetch: FetchBlob;
  readonly numerics: Numerics;
  readonly runtime: Runtime;
}

/** A device that computes as the coordinator of a run does. */
export function deviceFor(
  { threads, computesInFloat16 }: Pick<Manifest, "threads" | "computesInFloat16">,
  options: Pick<SessionOptions, "device" | "threads">,
): Promise<OpenDevice> {
  const { device, threads: own = threads } = options;
  return openDevice({ device, threads: own, wantsFloat16: computesInFloat16 });
}

/** Fetches what a run computes with, builds its graph from its settings, and measures how this machine computes it. Nothing that was received is executed.
 *  @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL, what building or loading throws, and the reason of the signal */
export async function openSession(manifest: Manifest, options: SessionOptions): Promise<Session> {
  const { blobs, seal, report, signal } = options;
  const model = await fetchModel(manifest, trainingNetworks, blobs, report);
  throwIfAborted(signal);
  const { runtime, computeDtype } = await deviceFor(manifest, options);
  try {
    throwIfAborted(signal);
    const { program, context } = lowerMicroStep(manifest.plan, model, runtime, computeDtype);
    const graph = program.digest();
    if (graph !== manifest.graph)
      throw new CoinageError(
        "CLUSTER_PROTOCOL",
        `The graph built here is ${graph}, that of the run is ${manifest.graph}.`,
        {
          hint: "Worker and coordinator run different code: install the same version on both.",
        },
      );
    report(`loading on ${runtime.device}`);
    throwIfAborted(signal);
    const loaded = { ...context, program: await program.load() };
    throwIfAborted(signal);
    const latents = new Latents(blobs, manifest.blobs);
    await latents.fetchAll(manifest, report);
    const fetch = (digest: string) => latents.get(digest);
    const numerics = await probe(opened(seal, manifest.probe.job), manifest.probe, loaded, fetch);
    return { manifest, context: loaded, latents, fetch, runtime, numerics };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** A session for a run that was taken up again: what is loaded serves on where model and graph are the same. */
export async function renewSession(
  session: Session,
  manifest: Manifest,
  { seal, report }: Pick<SessionOptions, "seal" | "report">,
): Promise<Session | undefined> {
  const { context, manifest: before, latents, fetch } = session;
  const isSame = before.graph === manifest.graph && before.model.sha256 === manifest.model.sha256;
  if (!isSame) return undefined;
  await latents.fetchAll(manifest, report);
  if (before.probe.digest === manifest.probe.digest) return { ...session, manifest };
  const numerics = await probe(opened(seal, manifest.probe.job), manifest.probe, context, fetch);
  return { ...session, manifest, numerics };
}

/** @throws CLUSTER_PROTOCOL */
function opened(seal: Seal, text: string): Job {
  const found = seal.open(text, jobSchema, longest.job);
  if ("message" in found) return found.message;
  throw new CoinageError("CLUSTER_PROTOCOL", `The probe of the run is refused: ${found.problem}.`);
}
