import { randomBytes } from "node:crypto";
import os from "node:os";
import path from "node:path";
import type { FileValues, TrainSettings } from "../../options/index.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import { Deliveries } from "../blobs/deliveries.ts";
import { blobFolder, FileDigests } from "../blobs/digests.ts";
import { BlobServer } from "../blobs/server.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { QueueAccess } from "../board/redis/address.ts";
import { RedisCoordinatorBoard } from "../board/redis/coordinator.ts";
import { BoardWarnings } from "../board/warnings.ts";
import { realClock } from "../coordinator/clock.ts";
import { release, runName } from "../coordinator/open.ts";
import type { RunsManifest } from "../protocol/manifest.ts";
import { protocolVersion, Seal } from "../protocol/signed.ts";
import type { ShareEvent } from "../sharing/options.ts";
import { JobSharing, mostFailures } from "../sharing/share.ts";
import { acceptRun } from "./accept.ts";
import { deviceNumerics } from "./numerics.ts";
import { Packer } from "./pack.ts";
import { isRetryable, limits, type RunAnswer, type RunJob, runAnswerSchema } from "./protocol.ts";

/** A run of a sweep, to be trained by a worker or here. */
export interface SharedRun {
  /** In its sweep, from 0. */
  readonly index: number;
  readonly values: FileValues;
  readonly outputName: string;
  /** For its results; replaced as a whole. */
  readonly folder: string;
  /** Its settings, written beside the results. */
  readonly config: string;
}

/** The queue that a sweep is shared through. */
export interface RunQueue {
  readonly openBoard: (of: QueueId, jobs: number) => Promise<CoordinatorBoard>;
  readonly seal: Seal;
  /** Workers run on this machine only. */
  readonly isLocal: boolean;
}

/** A queue on a Redis or Valkey server. */
export function runQueue({ address, secret }: QueueAccess): RunQueue {
  return {
    openBoard: (of, jobs) => RedisCoordinatorBoard.open(address, of, jobs),
    seal: new Seal(secret),
    isLocal: address.isLocal,
  };
}

/** What happens while the runs of a sweep are shared. */
export type RunShareEvent<News> = ShareEvent<RunAnswer, News>;

interface ShareOptions<News> {
  readonly queue: RunQueue;
  readonly name: string;
  /** Of the sweep. */
  readonly folder: string;
  /** Number of runs in the sweep, including those that are done. */
  readonly total: number;
  /** Version of this program. */
  readonly coinage: string;
  /** Device and threads with which runs are trained here. */
  readonly machine: Pick<TrainSettings, "device" | "threads">;
  /** Whether to use only workers that round as this machine does. */
  readonly wantsSame: boolean;
  /** Trains a run on this machine; undefined: workers train all runs. A run that ends without news was stopped. */
  readonly trainHere: ((index: number) => AsyncGenerator<News>) | undefined;
  readonly signal: AbortSignal;
}

/** Shares runs through a queue until all are done or have failed. Workers fetch the files of a run from this machine, and deliver its results to it.
 *  @throws SETTINGS_CONFLICT, FILE_NOT_FOUND, DATASET_CONFIG, the HUB codes; CLUSTER_PACKAGES, CLUSTER_UNREACHABLE, CLUSTER_DENIED, CLUSTER_TLS */
export async function* shareRuns<News>(
  runs: readonly SharedRun[],
  { queue, name, folder, total, coinage, machine, wantsSame, trainHere, signal }: ShareOptions<News>,
): AsyncGenerator<RunShareEvent<News>> {
  const { seal, isLocal } = queue;
  const threads = machine.threads ?? os.availableParallelism();
  const token = randomBytes(32).toString("hex");
  const deliveryLimits = { fileBytes: limits.fileBytesOut, bytes: limits.bytesOut };
  const deliveries = await Deliveries.open(path.join(folder, ".deliveries"), deliveryLimits);
  const blobs = await BlobServer.open(token, isLocal ? "127.0.0.1" : undefined, deliveries);
  try {
    const packer = new Packer(blobs, new FileDigests(blobFolder(process.env)));
    const packed = new Map<number, Awaited<ReturnType<Packer["pack"]>>>();
    for (const { index, values, outputName } of runs) packed.set(index, await packer.pack(values, outputName));
    const of = { run: runName(folder), incarnation: `${Date.now().toString(36)}${randomBytes(3).toString("hex")}` };
    const manifest: RunsManifest = {
      ...{ v: protocolVersion, kind: "runs", ...of, coinage: release(coinage), runtime: runtimeVersion() },
      ...{ host: os.hostname(), word: name, steps: total, threads },
      ...(wantsSame && { numerics: (await deviceNumerics(machine.device, threads)).digest }),
      blobs: { urls: blobs.urls(isLocal), token },
    };
    const bodyOf = (index: number, attempt: number): string => {
      const job: RunJob = { v: protocolVersion, ...of, kind: "run", index, attempt, ...packed.get(index)!.job };
      return seal.sign(job);
    };
    const accept = async (job: string, answer: RunAnswer, failures: number) => {
      const { index, worker, problem } = answer;
      if (problem) {
        const isLast = failures + 1 >= mostFailures;
        return !isLast && isRetryable(problem.code) ? { failed: `${problem.code} on ${worker}` } : undefined;
      }
      const run = runs.find((one) => one.index === index)!;
      if (wantsSame && answer.numerics !== manifest.numerics)
        return { refused: "it computes other bits than the coordinator" };
      try {
        const refused = await acceptRun(job, answer, deliveries, { ...run, origins: packed.get(index)!.origins });
        return refused === undefined ? undefined : { refused };
      } finally {
        await deliveries.drop(job);
      }
    };
    const board = await queue.openBoard(of, runs.length);
    try {
      const sharing = new JobSharing<RunAnswer, News>({
        ...{ kind: "run", answers: runAnswerSchema, board, of, seal, clock: realClock, bodyOf, accept, signal },
        runHere: trainHere,
        announce: (step, out) => board.announce(seal.sign(manifest), { step, excluded: out }),
        warnings: new BoardWarnings(board, realClock),
      });
      yield* sharing.run(runs.map(({ index }) => index));
    } finally {
      await board.close(true);
    }
  } finally {
    await blobs.close();
    await deliveries.close();
  }
}
