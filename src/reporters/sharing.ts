import { durationText, plural } from "../errors/index.ts";
import type { ClusterEvent, ClusterFigures, StepEvent } from "../training/index.ts";

/** An event of the queue or its workers, as a line of text. */
export function clusterLine(event: ClusterEvent): string {
  switch (event.kind) {
    case "workerJoined":
      return `worker ${event.worker} joined (${event.device})`;
    case "workerLeft":
      return `worker ${event.worker} left`;
    case "workerRefused":
      return `worker ${event.worker} refused: ${event.why}`;
    case "reissued":
      return `${jobText(event)} given out once more: ${event.why}`;
    case "encoded":
      return `worker ${event.worker} encoded ${plural(event.images, "image")}`;
    case "duplicateDiffers":
      return `step ${event.step}: ${event.workers.join(" and ")} computed job ${event.index} differently`;
    case "queueDown": {
      const since = event.seconds < 1 ? "" : ` (for ${durationText(event.seconds)})`;
      return `${event.why}${since}; this machine goes on alone`;
    }
    case "queueBack":
      return `the queue is back after ${durationText(event.seconds)}`;
    case "noWorkers":
      return `no worker computes for this run (for ${durationText(event.seconds)}), and --no_cluster_local leaves all to workers; coinage cluster tells who is there`;
    case "queueWarning":
      return `warning: the queue: ${event.why}`;
  }
}

function jobText({ job, step, index }: Extract<ClusterEvent, { kind: "reissued" }>): string {
  if (job === "encode") return `encoding ${index + 1}`;
  return job === "sample" ? `sample image ${index + 1} of step ${step}` : `step ${step}: job ${index}`;
}

/** "6 workers, efficiency 83 %, waiting 0.4 s/step" */
export function sharedStepText({ workers, results, wallMs, waitMs }: ClusterFigures): string {
  const busy = results.reduce((sum, { ms }) => sum + ms, 0) / (workers * wallMs);
  const waiting = `waiting ${(waitMs / 1000).toFixed(1)} s/step`;
  return `${plural(workers, "worker")}, efficiency ${Math.min(100, Math.round(100 * busy))} %, ${waiting}`;
}

/** Most workers named in the summary. */
const mostWorkers = 8;

/** Figures of a shared run, gathered from its events. */
export class Sharing {
  readonly #samples = new Map<string, number>();
  /** Milliseconds that workers waited, by the worker they waited for. */
  readonly #waits = new Map<string, number>();
  #steps = 0;
  #reissues = 0;
  #last: StepEvent | undefined;

  note(event: StepEvent | ClusterEvent): void {
    if (event.kind === "reissued") this.#reissues++;
    if (event.kind !== "step" || !event.cluster) return;
    const { results, waitedFor, waitMs } = event.cluster;
    this.#last = event;
    this.#steps++;
    for (const { worker, samples } of results) add(this.#samples, worker, samples);
    add(this.#waits, waitedFor, waitMs);
  }

  /** Samples of each worker, jobs issued again, what slowed the run, and whether more workers would help. */
  summary(): string[] {
    if (!this.#last) return [];
    const sorted = [...this.#samples].sort(([, a], [, b]) => b - a);
    const others = sorted.slice(mostWorkers);
    const shares = sorted.slice(0, mostWorkers).map(([worker, count]) => `${worker} ${count}`);
    if (others.length > 0)
      shares.push(`${plural(others.length, "other")} ${others.reduce((sum, [, count]) => sum + count, 0)}`);
    const again = this.#reissues === 0 ? "" : `; ${plural(this.#reissues, "job")} given out once more`;
    return [`samples by worker: ${shares.join(", ")}${again}`, ...this.#slowed(), ...noiseScaleText(this.#last)];
  }

  #slowed(): string[] {
    const total = [...this.#waits.values()].reduce((sum, wait) => sum + wait, 0);
    const [slowest] = [...this.#waits].sort(([, a], [, b]) => b - a);
    if (this.#samples.size < 2 || !slowest || total === 0) return [];
    const [worker, wait] = slowest;
    const each = (total / this.#steps / 1000).toFixed(2);
    return [`workers waited ${each} s a step for others, ${Math.round((100 * wait) / total)} % of it for ${worker}`];
  }
}

function add(counts: Map<string, number>, name: string, value: number): void {
  counts.set(name, (counts.get(name) ?? 0) + value);
}

function noiseScaleText({ cluster, imageKeys }: StepEvent): string[] {
  const scale = cluster?.gradientNoiseScale;
  if (scale === undefined) return [];
  const samples = imageKeys.length;
  const advice =
    samples > 4 * scale
      ? "more workers would not shorten this run: fewer samples in a step teach as much"
      : "up to about four times as many samples in a step, more workers shorten such a run";
  return [`gradient noise scale ${plural(Number(scale.toPrecision(2)), "sample")}, ${samples} in a step: ${advice}`];
}
