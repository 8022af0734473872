import type { Entry } from "../../../runs/index.ts";

/** A worker of a run. */
export interface SharingWorker {
  readonly name: string;
  /** refused: not used, see `why`. */
  readonly state: "there" | "left" | "refused";
  readonly why: string | undefined;
  /** Samples it has computed while this page was open. */
  readonly samples: number;
  /** Samples per second of computing, averaged over its last jobs; undefined before the first. */
  readonly rate: number | undefined;
}

/** How a run is shared among machines. */
export interface Sharing {
  readonly workers: readonly SharingWorker[];
  /** Mean seconds that workers waited for others in the last step. */
  readonly waitSeconds: number | undefined;
  /** Why the queue cannot be reached, while it cannot. */
  readonly down: string | undefined;
  /** Gradient noise scale in samples; undefined until known. */
  readonly noiseScale: number | undefined;
  /** Samples of the last step. */
  readonly stepSamples: number;
}

const nobody: Sharing = {
  ...{ workers: [], waitSeconds: undefined, down: undefined, noiseScale: undefined, stepSamples: 0 },
};

/** Weight of the earlier rate in the next average. */
const memory = 0.8;

/** Samples in a step, in multiples of the noise scale, beyond which more hardly help. */
const enough = 4;

/** Whether more workers would not shorten the run, since its steps have enough samples. */
export function isEnough({ noiseScale, stepSamples }: Sharing): boolean {
  return noiseScale !== undefined && stepSamples > enough * noiseScale;
}

/** The sharing of a run after an event; undefined unless it is shared. */
export function sharingAfter(sharing: Sharing | undefined, entry: Entry): Sharing | undefined {
  switch (entry.kind) {
    case "opened":
      return undefined;
    case "workerJoined":
      return withWorker(sharing, entry.worker, { state: "there", why: undefined });
    case "workerLeft":
      return withWorker(sharing, entry.worker, { state: "left" });
    case "workerRefused":
      return withWorker(sharing, entry.worker, { state: "refused", why: entry.why });
    case "queueDown":
      return { ...(sharing ?? nobody), down: entry.why };
    case "queueBack":
      return { ...(sharing ?? nobody), down: undefined };
    case "step":
      return entry.cluster ? afterStep(sharing, entry) : sharing;
    default:
      return sharing;
  }
}

function afterStep(sharing: Sharing | undefined, { cluster, imageKeys }: Extract<Entry, { kind: "step" }>): Sharing {
  const { results, waitMs, gradientNoiseScale } = cluster!;
  let after = sharing ?? nobody;
  for (const { worker, samples, ms } of results) {
    const known = after.workers.find(({ name }) => name === worker);
    const now = samples / (Math.max(ms, 1) / 1000);
    const rate = known?.rate === undefined ? now : memory * known.rate + (1 - memory) * now;
    const state = known?.state ?? "there";
    after = withWorker(after, worker, { samples: (known?.samples ?? 0) + samples, rate, state });
  }
  return { ...after, waitSeconds: waitMs / 1000, noiseScale: gradientNoiseScale, stepSamples: imageKeys.length };
}

function withWorker(sharing: Sharing = nobody, name: string, changes: Partial<SharingWorker>): Sharing {
  const known = sharing.workers.find((worker) => worker.name === name);
  const worker: SharingWorker = {
    ...(known ?? { name, state: "there", why: undefined, samples: 0, rate: undefined }),
    ...changes,
  };
  const others = sharing.workers.filter((other) => other.name !== name);
  return { ...sharing, workers: [...others, worker].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
