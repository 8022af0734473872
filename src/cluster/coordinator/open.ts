import { createHash, randomBytes } from "node:crypto";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { Networks } from "../../networks/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import type { EncodingContext, RunnerContext, RunSharing } from "../../training/index.ts";
import { Deliveries } from "../blobs/deliveries.ts";
import { BlobServer } from "../blobs/server.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import { type QueueAccess, queueAccess } from "../board/redis/address.ts";
import { RedisCoordinatorBoard } from "../board/redis/coordinator.ts";
import { SharedDrawer } from "../images/drawer.ts";
import { defaultMinSharedMs, type EncodingQueue, QueuedEncoder } from "../images/encoder.ts";
import { mostDelivered } from "../images/protocol.ts";
import { probeVae, type VaePart, type VaeProbe } from "../images/vae-probe.ts";
import type { EncodingManifest, Manifest } from "../protocol/manifest.ts";
import { trainingNetworks } from "../protocol/model.ts";
import { protocolVersion, Seal } from "../protocol/signed.ts";
import { realClock } from "./clock.ts";
import { makeProbe } from "./probe.ts";
import { ClusterRunner } from "./runner.ts";
import { defaultPolicy } from "./schedule.ts";
import { serveLatents, serveModel } from "./served-blobs.ts";
import { WorkerRegistry } from "./worker-registry.ts";

/** Results of image jobs that the queue keeps to be looked up. */
const keptImageResults = 16;

/** How a run is shared. */
export interface SharingOptions {
  /** jobs: how many jobs a step has. */
  readonly openBoard: (of: QueueId, jobs: number) => Promise<CoordinatorBoard>;
  readonly seal: Seal;
  /** Workers run on this machine only. */
  readonly isLocal: boolean;
  /** Version of this program. */
  readonly coinage: string;
  /** Images to encode are shared only if encoding them here would take longer than this, in milliseconds. */
  readonly minSharedMs?: number;
}

/** Shares a run among workers through a queue. coinage: the version of this program; minSharedMs: see SharingOptions. What it opens throws
 *  SETTINGS_CONFLICT without cached latents; CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS. */
export function clusterSharing({ address, secret }: QueueAccess, coinage: string, minSharedMs?: number): RunSharing {
  return shareOver({
    openBoard: (of, jobs) => RedisCoordinatorBoard.open(address, of, jobs),
    seal: new Seal(secret),
    isLocal: address.isLocal,
    coinage,
    ...(minSharedMs !== undefined && { minSharedMs }),
  });
}

/** Shares a run as its settings say; undefined without --queue. coinage: the version of this program. @throws as queueAccess */
export function sharingOf(settings: TrainSettings, coinage: string): RunSharing | undefined {
  const { queue, queueCa, queueInsecure } = settings;
  if (queue === undefined) return undefined;
  return clusterSharing(queueAccess(queue, { ca: queueCa, isInsecure: queueInsecure }, process.env), coinage);
}

/** Shares a run over any board. */
export function shareOver(sharing: SharingOptions): RunSharing {
  let encoder: QueuedEncoder | undefined;
  return {
    openEncoder: (context) => {
      requireCachedLatents(context);
      encoder = openEncoder(context, sharing);
      return encoder;
    },
    openRunner: (context) => openRunner(context, sharing, () => encoder?.handOver()),
  };
}

/** beforeAnnounce: called just before the run's manifest replaces that of its images. */
async function openRunner(
  context: RunnerContext,
  sharing: SharingOptions,
  beforeAnnounce: () => void,
): Promise<ClusterRunner> {
  requireCachedLatents(context);
  const { openBoard, seal, isLocal } = sharing;
  const { settings, samples: drawn, local } = context;
  const common = commonOf(settings, sharing);
  const of = { run: common.run, incarnation: common.incarnation };
  const jobs = settings.gradientAccumulationSteps * settings.clusterSplit;
  const [takesJobs, takesOtherNumerics] = [!settings.noClusterLocal, wantedNumerics(context) === "any"];
  const isStopping = () => context.signal?.aborted ?? false;
  const board = await openBoard(of, jobs);
  const { blobs, deliveries, source } = await openBlobs(settings, isLocal);
  const [clock, registry] = [realClock, new WorkerRegistry()];
  let drawer: SharedDrawer | undefined;
  try {
    const storeBlob = (digest: string, bytes: Uint8Array) => {
      if (!blobs.get(digest)) blobs.addBytes(digest, bytes.slice());
    };
    const fetchBlob = async (digest: string) => blobs.get(digest)!;
    const networks = [trainingNetworks, ...(drawn ? [["vae"] as const] : [])];
    const { model, weights } = await serveModel(context.checkpoint, networks, blobs);
    const samples = drawn && {
      ...{ vectors: context.vectors, predictionType: drawn.predictionType, weights: weights[1]! },
      probe: await vaeProbeOf(context, "decoder"),
    };
    const latents = await serveLatents(context, blobs);
    const { probe, probeMs } = await makeProbe(context, of, seal, { storeBlob, fetchBlob });
    const manifest: Manifest = {
      ...{ ...common, kind: "steps", steps: context.steps, blobs: source },
      ...{ graph: context.graph, plan: context.plan, model, numerics: wantedNumerics(context), probe },
      ...{ weights: weights[0]!, ...(samples && { samples }), ...(latents && { latents }) },
      computesInFloat16: settings.mixedPrecision !== "no",
    };
    const ofImages = { ...of, queue: "images" } as const;
    if (samples)
      drawer = await SharedDrawer.open({
        ...{
          board: await openBoard(ofImages, keptImageResults),
          of: ofImages,
          seal,
          clock,
          registry,
          isStopping,
          takesOtherNumerics,
        },
        ...{ deliveries, numerics: samples.probe.digest, workersPerStep: jobs - (takesJobs ? 1 : 0) },
      });
    beforeAnnounce();
    return await ClusterRunner.open({
      ...{
        board,
        of,
        seal,
        storeBlob,
        fetchBlob,
        manifest: seal.sign(manifest),
        clock,
        policy: defaultPolicy,
        registry,
        drawer,
      },
      ...{
        name: `coordinator-${os.hostname().replace(/[^\w.-]/g, "")}`,
        local,
        takesJobs,
        isStopping,
        takesOtherNumerics,
      },
      ...{ numerics: probe.digest, probeMs },
      want: context.usesFrozenRows ? "usedRows" : "learnedRows",
      free: async () => {
        await blobs.close();
        await deliveries.close();
      },
    });
  } catch (error) {
    await drawer?.close();
    await board.close(true);
    await blobs.close();
    await deliveries.close();
    throw error;
  }
}

/** Opens an encoder that works on this machine, and opens a queue for its images once that is worth it. */
function openEncoder(context: EncodingContext, sharing: SharingOptions): QueuedEncoder {
  const { openBoard, seal, isLocal, minSharedMs = defaultMinSharedMs } = sharing;
  const { settings, model: ofRun, here } = context;
  const openQueue = async (images: number): Promise<EncodingQueue> => {
    const common = commonOf(settings, sharing);
    const of = { run: common.run, incarnation: common.incarnation };
    const board = await openBoard(of, keptImageResults);
    const { blobs, deliveries, source } = await openBlobs(settings, isLocal);
    const close = async (isHandedOver: boolean) => {
      await board.close(!isHandedOver).catch(() => {});
      await blobs.close();
      // the folder is the run's by now
      if (!isHandedOver) await deliveries.close();
    };
    try {
      const { model, weights } = await serveModel(context.checkpoint, [["vae"]], blobs);
      const probe = await vaeProbeOf(context, "encoder");
      const numerics = wantedNumerics(context);
      const manifest: EncodingManifest = {
        ...{ ...common, kind: "encode", steps: images, blobs: source, model, weights: weights[0]!, numerics, probe },
      };
      const takesOtherNumerics = numerics === "any";
      return {
        board,
        of,
        manifest: seal.sign(manifest),
        blobs,
        deliveries,
        numerics: probe.digest,
        takesOtherNumerics,
        close,
      };
    } catch (error) {
      await close(false);
      throw error;
    }
  };
  return new QueuedEncoder({
    vae: ofRun.vae.architecture,
    seal,
    clock: realClock,
    encodeHere: here,
    openQueue,
    minSharedMs,
  });
}

/** What all manifests of a run contain, with a new incarnation. */
function commonOf(settings: TrainSettings, { coinage }: SharingOptions) {
  return {
    v: protocolVersion,
    run: runName(path.resolve(settings.outputDir, settings.outputName)),
    incarnation: `${Date.now().toString(36)}${randomBytes(3).toString("hex")}`,
    ...{ coinage: release(coinage), runtime: runtimeVersion(), host: os.hostname(), word: settings.tokenString },
    threads: settings.threads ?? os.availableParallelism(),
  } as const;
}

/** Opens the server from which workers fetch blobs, and to which they deliver files. */
async function openBlobs({ outputDir, outputName }: TrainSettings, isLocal: boolean) {
  const token = randomBytes(32).toString("hex");
  const folder = path.join(outputDir, `.${path.basename(outputName)}.deliveries`);
  const deliveries = await Deliveries.open(folder, mostDelivered);
  const blobs = await BlobServer.open(token, isLocal ? "127.0.0.1" : undefined, deliveries);
  return { blobs, deliveries, source: { urls: blobs.urls(isLocal), token } };
}

/** Which workers are used: --cluster_numerics, or its default for the device. */
function wantedNumerics({ settings, runtime }: Pick<RunnerContext, "settings" | "runtime">): "same" | "any" {
  return settings.clusterNumerics ?? (runtime.device === "cpu" ? "same" : "any");
}

/** Major and minor version, which must be equal on all machines. */
export function release(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** The id of a run on its queue: the same when it is resumed with the same output on the same machine. */
export function runName(output: string): string {
  const place = createHash("sha256").update(`${os.hostname()} ${output}`).digest("hex").slice(0, 8);
  const name = path.basename(output).replace(/[^\w.-]/g, "");
  // short enough for nameSchema, however long the file's name is
  return `${name.slice(0, 80) || "run"}-${place}`;
}

/** The VAE's probe. The VAE is loaded for it alone. */
async function vaeProbeOf(
  { model, runtime }: Pick<RunnerContext, "model" | "runtime">,
  part: VaePart,
): Promise<VaeProbe> {
  const networks = new Networks(model, runtime);
  try {
    return await probeVae(networks, part);
  } finally {
    await networks.close();
  }
}

function requireCachedLatents({ settings }: Pick<RunnerContext, "settings">): void {
  if (settings.cacheLatents) return;
  throw new CoinageError("SETTINGS_CONFLICT", "Workers of a shared run fetch its latents, so they must be cached.", {
    where: "--queue",
    hint: "Add --cache_latents.",
  });
}
