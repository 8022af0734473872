import { CoinageError } from "../../errors/index.ts";
import { throwIfAborted } from "../../events/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import { type OpenDevice, openDevice, type Runtime } from "../../runtime/index.ts";
import { lowerMicroStep, type MicroStepContext } from "../../training/index.ts";
import { type BlobStore, downloadProgress } from "../blobs/store.ts";
import { type Job, jobSchema, longest } from "../protocol/job.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { modelFrom, modelSchema, type Network, trainingNetworks } from "../protocol/model.ts";
import type { Seal } from "../protocol/signed.ts";
import type { FetchBlob } from "./compute.ts";
import { Latents } from "./latents.ts";
import { type Numerics, probe } from "./numerics.ts";

export interface SessionOptions {
  readonly device: Parameters<typeof openDevice>[0]["device"];
  /** CPU threads; undefined: as many as the coordinator uses, since another number rounds differently. */
  readonly threads: number | undefined;
  readonly blobs: BlobStore;
  readonly seal: Seal;
  /** Reports to the user. */
  readonly say: (text: string) => void;
  /** Aborted when the worker leaves. Loading then ends after the stage under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A run's micro-step, loaded on this machine. */
export interface Session {
  readonly manifest: Manifest;
  readonly context: MicroStepContext;
  readonly latents: Latents;
  readonly fetch: FetchBlob;
  readonly numerics: Numerics;
  readonly runtime: Runtime;
}

/** Fetches the weights of a manifest's model, and gives the model. networks: those that are computed with here. @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL */
export async function fetchModel(
  { model, weights, blobs: source }: Pick<Manifest, "model" | "weights" | "blobs">,
  networks: readonly Network[],
  blobs: BlobStore,
  say: (text: string) => void,
): Promise<DiffusionModel> {
  const files = new Map<string, { readonly path: string; readonly bytes: number }>();
  for (const { sha256, bytes, path, hub } of weights) {
    const wanted = { sha256, bytes, ...(path && { path }), ...(hub && { hub }) };
    files.set(sha256, { path: await blobs.file(wanted, source, downloadProgress(bytes, say)), bytes });
  }
  const text = new TextDecoder().decode(await blobs.bytes(model.sha256, source));
  const { success, data } = modelSchema.safeParse(JSON.parse(text));
  if (!success) throw new CoinageError("CLUSTER_PROTOCOL", "The description of the model is not valid.");
  return modelFrom(data, files, networks);
}

/** Opens the device with the coordinator's threads and precision. */
export function deviceFor(
  { threads, computesInFloat16 }: Pick<Manifest, "threads" | "computesInFloat16">,
  options: Pick<SessionOptions, "device" | "threads">,
): Promise<OpenDevice> {
  const { device, threads: own = threads } = options;
  return openDevice({ device, threads: own, wantsFloat16: computesInFloat16 });
}

/** Fetches the weights of a run, builds and loads its graph, and computes the probe. The graph is built here from the manifest's settings; nothing that was
 *  received is executed. @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL, what building or loading throws, and the reason of the signal */
export async function openSession(manifest: Manifest, options: SessionOptions): Promise<Session> {
  const { blobs, seal, say, signal } = options;
  const model = await fetchModel(manifest, trainingNetworks, blobs, say);
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
    say(`loading on ${runtime.device}`);
    throwIfAborted(signal);
    const loaded = { ...context, program: await program.load() };
    throwIfAborted(signal);
    const latents = new Latents(blobs, manifest.blobs);
    await latents.fetchAll(manifest, say);
    const fetch = (digest: string) => latents.get(digest);
    const numerics = await probe(openProbe(seal, manifest.probe.job), manifest.probe, loaded, fetch);
    return { manifest, context: loaded, latents, fetch, runtime, numerics };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** A session for a run that was resumed, with the program that is loaded; undefined if its model or graph has changed. */
export async function renewSession(
  session: Session,
  manifest: Manifest,
  { seal, say }: Pick<SessionOptions, "seal" | "say">,
): Promise<Session | undefined> {
  const { context, manifest: before, latents, fetch } = session;
  const isSame = before.graph === manifest.graph && before.model.sha256 === manifest.model.sha256;
  if (!isSame) return undefined;
  await latents.fetchAll(manifest, say);
  if (before.probe.digest === manifest.probe.digest) return { ...session, manifest };
  const numerics = await probe(openProbe(seal, manifest.probe.job), manifest.probe, context, fetch);
  return { ...session, manifest, numerics };
}

/** @throws CLUSTER_PROTOCOL */
function openProbe(seal: Seal, text: string): Job {
  const found = seal.open(text, jobSchema, longest.job);
  if ("message" in found) return found.message;
  throw new CoinageError("CLUSTER_PROTOCOL", `The probe of the run is not accepted: ${found.problem}.`);
}
