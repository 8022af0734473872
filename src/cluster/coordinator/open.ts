import { createHash, randomBytes } from "node:crypto";
import os from "node:os";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { hubPlaceOf } from "../../hub/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import type { OpenRunner, RunnerContext } from "../../training/index.ts";
import { blobFolder } from "../blobs/folder.ts";
import { FileHashes } from "../blobs/hashes.ts";
import { BlobServer } from "../blobs/server.ts";
import type { BoardOf, CoordinatorBoard } from "../board/board.ts";
import { type QueueAccess, queueAccess } from "../board/redis/address.ts";
import { RedisCoordinatorBoard } from "../board/redis/coordinator.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { describeModel, encodeModel, weightSources } from "../protocol/model.ts";
import { protocolVersion, Seal, sha256 } from "../protocol/signed.ts";
import { realClock } from "./clock.ts";
import { giveLatents } from "./latents.ts";
import { makeProbe } from "./probe.ts";
import { ClusterRunner } from "./runner.ts";
import { usualPolicy } from "./schedule.ts";

/** What a run is shared by. */
export interface Sharing {
  /** jobs: micro-batches of a step. */
  readonly openBoard: (of: BoardOf, jobs: number) => Promise<CoordinatorBoard>;
  readonly seal: Seal;
  /** None but this machine takes part. */
  readonly isLocal: boolean;
  /** Version of this program. */
  readonly coinage: string;
}

/** Shares the micro-batches of a run among workers, by a queue. coinage: the version of this program.
 *  @throws SETTINGS_CONFLICT without cached latents; CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
export function clusterRunner({ address, secret }: QueueAccess, coinage: string): OpenRunner {
  return sharedRunner({
    openBoard: (of, jobs) => RedisCoordinatorBoard.open(address, of, jobs),
    seal: new Seal(secret),
    isLocal: address.isLocal,
    coinage,
  });
}

/** What shares a run as its settings ask for it: nothing without --queue. coinage: the version of this program. @throws as queueAccess */
export function runnerOf(settings: TrainSettings, coinage: string): OpenRunner | undefined {
  const { queue, queueCa, queueInsecure } = settings;
  if (queue === undefined) return undefined;
  return clusterRunner(queueAccess(queue, { ca: queueCa, isInsecure: queueInsecure }, process.env), coinage);
}

/** The same by any board. */
export function sharedRunner({ openBoard, seal, isLocal, coinage }: Sharing): OpenRunner {
  return async (context) => {
    requireCachedLatents(context);
    const { settings } = context;
    const of = {
      run: runName(path.resolve(settings.outputDir, settings.outputName)),
      incarnation: `${Date.now().toString(36)}${randomBytes(3).toString("hex")}`,
    };
    const board = await openBoard(of, settings.gradientAccumulationSteps * settings.clusterSplit);
    const token = randomBytes(32).toString("hex");
    const blobs = await BlobServer.open(token, isLocal ? "127.0.0.1" : undefined);
    try {
      const keep = (digest: string, bytes: Uint8Array) => {
        if (!blobs.kept(digest)) blobs.keep(digest, bytes.slice());
      };
      const fetch = async (digest: string) => blobs.kept(digest)!;
      const { model, weights } = await giveModel(context, blobs);
      const latents = await giveLatents(context, blobs);
      const probe = await makeProbe(context, of, seal, { keep, fetch });
      const numerics = settings.clusterNumerics ?? (context.device === "cpu" ? "same" : "any");
      const manifest: Manifest = {
        v: protocolVersion,
        kind: "steps",
        ...{ run: of.run, incarnation: of.incarnation, coinage: release(coinage), runtime: runtimeVersion() },
        ...{ host: os.hostname(), word: settings.tokenString, steps: context.steps },
        ...{ graph: context.graph, plan: context.plan, model, weights, numerics, probe },
        ...(latents && { latents }),
        threads: settings.threads ?? os.availableParallelism(),
        computesInFloat16: settings.mixedPrecision !== "no",
        blobs: { urls: blobs.urls(isLocal), token },
      };
      return await ClusterRunner.open({
        ...{ board, of, seal, keep, fetch, manifest: seal.sign(manifest), clock: realClock, policy: usualPolicy },
        name: `coordinator-${os.hostname().replace(/[^\w.-]/g, "")}`,
        local: context.local,
        isServing: !settings.noClusterLocal,
        isStopping: () => context.signal?.aborted ?? false,
        numerics: probe.digest,
        want: context.usesFrozenRows ? "usedRows" : "learnedRows",
        takesOthers: numerics === "any",
        free: () => blobs.close(),
      });
    } catch (error) {
      await board.close(true);
      await blobs.close();
      throw error;
    }
  };
}

/** Major and minor: what must be equal on all machines. */
export function release(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** A run that goes on in the same place has the same name. */
export function runName(output: string): string {
  const place = createHash("sha256").update(`${os.hostname()} ${output}`).digest("hex").slice(0, 8);
  return `${path.basename(output).replace(/[^\w.-]/g, "") || "run"}-${place}`;
}

/** Makes the model to be had by workers. */
async function giveModel(
  { checkpoint }: RunnerContext,
  blobs: BlobServer,
): Promise<Pick<Manifest, "model" | "weights">> {
  const hashes = new FileHashes(blobFolder(process.env));
  const { files, loose } = weightSources(checkpoint);
  const digests = new Map<string, string>();
  const weights: Manifest["weights"] = [];
  for (const { path: file, bytes } of files) {
    const digest = await hashes.digestOf(file);
    digests.set(file, digest);
    blobs.addFile(digest, file);
    const hub = hubPlaceOf(file);
    weights.push({ sha256: digest, bytes, path: file, ...(hub && { hub }) });
  }
  for (const bytes of loose) {
    const digest = sha256(bytes);
    blobs.keep(digest, bytes);
    weights.push({ sha256: digest, bytes: bytes.length, path: "" });
  }
  const description = encodeModel(describeModel(checkpoint, (file) => digests.get(file)!));
  const model = { sha256: sha256(description), bytes: description.length };
  blobs.keep(model.sha256, description);
  return { model, weights };
}

function requireCachedLatents({ settings }: RunnerContext): void {
  if (settings.cacheLatents) return;
  throw new CoinageError("SETTINGS_CONFLICT", "A shared run gives out latents, so they must be cached.", {
    where: "--queue",
    hint: "Add --cache_latents.",
  });
}
