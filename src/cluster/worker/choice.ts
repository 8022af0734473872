import { randomInt } from "node:crypto";
import { CoinageError } from "../../errors/index.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import type { WorkerBoard } from "../board/board.ts";
import { longest } from "../protocol/job.ts";
import { type AnyManifest, manifestSchema, type Presence } from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";

interface ChoiceOptions {
  readonly board: WorkerBoard;
  readonly seal: Seal;
  /** Major and minor version of this program. */
  readonly coinage: string;
  /** The only run to work for. */
  readonly run?: string | undefined;
  /** Of the worker. */
  readonly id: string;
  /** Reports to the user; the same text twice in a row is reported once. */
  readonly say: (text: string) => void;
  /** Publishes that the worker is idle, or why it refuses a run. */
  readonly updatePresence: (
    changes: { [Key in "state" | "run" | "incarnation" | "why"]: Presence[Key] },
  ) => Promise<void>;
}

/** Chooses the run that a worker works for. */
export class RunChoice {
  readonly #options: ChoiceOptions;
  /** Runs that it refuses, why, and until when, by incarnation. */
  readonly #refused = new Map<string, { readonly why: string; readonly until: number }>();
  /** Whether its published state is "refused". */
  #isRefusing = false;

  constructor(options: ChoiceOptions) {
    this.#options = options;
  }

  /** Refuses a run from now on, or for so many milliseconds. */
  refuse({ incarnation }: AnyManifest, why: string, forMs = Number.POSITIVE_INFINITY): void {
    this.#isRefusing = true;
    this.#refused.set(incarnation, { why, until: performance.now() + forMs });
  }

  /** A run that is under way and that this worker can work for; undefined if there is none. */
  async next(): Promise<AnyManifest | undefined> {
    const { board, run, say, updatePresence } = this.#options;
    const fitting: AnyManifest[] = [];
    let isRefusing = false;
    const texts = await board.manifests().catch((error: unknown) => {
      say(error instanceof CoinageError ? error.message : String(error));
      return undefined;
    });
    for (const text of texts ?? []) {
      const manifest = this.#openManifest(text);
      if (typeof manifest === "string") {
        say(manifest);
        isRefusing = true;
        await updatePresence({ state: "refused", run: undefined, incarnation: undefined, why: manifest });
        continue;
      }
      if (run !== undefined && manifest.run !== run) continue;
      const why = this.#whyRefused(manifest);
      if (why === undefined) {
        if (await this.#isRunning(manifest)) fitting.push(manifest);
        continue;
      }
      isRefusing = true;
      await updatePresence({ state: "refused", run: manifest.run, incarnation: manifest.incarnation, why });
    }
    if (this.#isRefusing && !isRefusing)
      await updatePresence({ state: "idle", run: undefined, incarnation: undefined, why: undefined });
    this.#isRefusing = isRefusing;
    // also tells that the queue is back
    if (texts && !isRefusing && fitting.length === 0)
      say(run === undefined ? "waiting for a run" : `waiting for run ${run}`);
    return fitting.length > 1 ? this.#neediest(fitting) : fitting[0];
  }

  /** The manifest in a signed text; or, as a string, why it is refused. */
  #openManifest(text: string): AnyManifest | string {
    const opened = this.#options.seal.open(text, manifestSchema, longest.manifest);
    return "message" in opened ? opened.message : `a run cannot be read: ${opened.problem}`;
  }

  #whyRefused(manifest: AnyManifest): string | undefined {
    const found = this.#refused.get(manifest.incarnation);
    if (found && performance.now() < found.until) return found.why;
    const why = this.#versionMismatch(manifest);
    if (why === undefined) return undefined;
    this.refuse(manifest, why);
    this.#options.say(`run ${manifest.run}: ${why}`);
    return why;
  }

  /** Why versions do not match; undefined if they do. */
  #versionMismatch({ coinage, runtime }: AnyManifest): string | undefined {
    const { coinage: own } = this.#options;
    if (coinage !== own) return `it needs coinage ${coinage}, this worker has ${own}`;
    if (runtime !== runtimeVersion()) return `it needs ONNX Runtime ${runtime}, this worker has ${runtimeVersion()}`;
    return undefined;
  }

  async #isRunning({ run, incarnation }: AnyManifest): Promise<boolean> {
    const heartbeat = await this.#options.board.heartbeatOf(run).catch(() => undefined);
    return heartbeat?.incarnation === incarnation;
  }

  /** The run with the most waiting jobs per worker. */
  async #neediest(runs: readonly AnyManifest[]): Promise<AnyManifest> {
    const { board, id: own } = this.#options;
    const present = await board.workers().catch(() => []);
    const others = present.filter(({ id, state }) => id !== own && state !== "refused");
    const needs = await Promise.all(
      runs.map(async (one) => {
        const waiting = await board.waitingCount(one).catch(() => 0);
        return (1 + waiting) / (1 + others.filter(({ run }) => run === one.run).length);
      }),
    );
    // at random among equals, because many workers may choose at the same time
    const neediest = runs.filter((_, i) => needs[i] === Math.max(...needs));
    return neediest[randomInt(neediest.length)]!;
  }
}
