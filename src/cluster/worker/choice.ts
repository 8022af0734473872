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
  /** The only run to take part in. */
  readonly run?: string | undefined;
  /** Of the worker. */
  readonly id: string;
  /** Tells people what is not the same as what was told last. */
  readonly say: (text: string) => void;
  /** Tells the others why it takes no part, or that it is idle. */
  readonly tell: (changes: { [Key in "state" | "run" | "incarnation" | "why"]: Presence[Key] }) => Promise<void>;
}

/** Which run a worker takes part in. */
export class Choice {
  readonly #options: ChoiceOptions;
  /** Why it takes no part in a run, and until when, by incarnation. */
  readonly #refused = new Map<string, { readonly why: string; readonly until: number }>();
  /** Whether the others were told so when it looked last. */
  #isRefusing = false;

  constructor(options: ChoiceOptions) {
    this.#options = options;
  }

  /** Takes no part in a run any more, or for so many milliseconds. */
  refuse({ incarnation }: AnyManifest, why: string, forMs = Number.POSITIVE_INFINITY): void {
    this.#isRefusing = true;
    this.#refused.set(incarnation, { why, until: performance.now() + forMs });
  }

  /** A run under way that it can take part in. */
  async next(): Promise<AnyManifest | undefined> {
    const { board, run, say, tell } = this.#options;
    const fitting: AnyManifest[] = [];
    let isRefusing = false;
    const texts = await board.manifests().catch((error: unknown) => {
      say(error instanceof CoinageError ? error.message : String(error));
      return [];
    });
    for (const text of texts) {
      const manifest = this.#opened(text);
      if (typeof manifest === "string") {
        say(manifest);
        isRefusing = true;
        await tell({ state: "refused", run: undefined, incarnation: undefined, why: manifest });
        continue;
      }
      if (run !== undefined && manifest.run !== run) continue;
      const why = this.#whyRefused(manifest);
      if (why === undefined) {
        if (await this.#isUnderWay(manifest)) fitting.push(manifest);
        continue;
      }
      isRefusing = true;
      await tell({ state: "refused", run: manifest.run, incarnation: manifest.incarnation, why });
    }
    if (this.#isRefusing && !isRefusing)
      await tell({ state: "idle", run: undefined, incarnation: undefined, why: undefined });
    this.#isRefusing = isRefusing;
    return fitting.length > 1 ? this.#neediest(fitting) : fitting[0];
  }

  /** A manifest; or why it is none. */
  #opened(text: string): AnyManifest | string {
    const opened = this.#options.seal.open(text, manifestSchema, longest.manifest);
    if ("message" in opened) return opened.message;
    const hint = /signature/.test(opened.problem) ? " (is COINAGE_CLUSTER_SECRET the same on both machines?)" : "";
    return `a run is refused: ${opened.problem}${hint}`;
  }

  #whyRefused(manifest: AnyManifest): string | undefined {
    const found = this.#refused.get(manifest.incarnation);
    if (found && performance.now() < found.until) return found.why;
    const why = this.#differenceTo(manifest);
    if (why === undefined) return undefined;
    this.refuse(manifest, why);
    this.#options.say(`run ${manifest.run}: ${why}`);
    return why;
  }

  /** Which version differs from the run's. */
  #differenceTo({ coinage, runtime }: AnyManifest): string | undefined {
    const { coinage: own } = this.#options;
    if (coinage !== own) return `it is of coinage ${coinage}, this worker of ${own}`;
    if (runtime !== runtimeVersion()) return `it is of ONNX Runtime ${runtime}, this worker of ${runtimeVersion()}`;
    return undefined;
  }

  async #isUnderWay({ run, incarnation }: AnyManifest): Promise<boolean> {
    const mark = await this.#options.board.markOf(run).catch(() => undefined);
    return mark?.incarnation === incarnation;
  }

  /** The run with the most work waiting for each of its workers. */
  async #neediest(runs: readonly AnyManifest[]): Promise<AnyManifest> {
    const { board, id: own } = this.#options;
    const present = await board.workers().catch(() => []);
    const others = present.filter(({ id, state }) => id !== own && state !== "refused");
    const needs = await Promise.all(
      runs.map(async (one) => {
        const waiting = await board.waiting(one).catch(() => 0);
        return (1 + waiting) / (1 + others.filter(({ run }) => run === one.run).length);
      }),
    );
    // by chance among equals, since many workers may look at the same time
    const neediest = runs.filter((_, i) => needs[i] === Math.max(...needs));
    return neediest[randomInt(neediest.length)]!;
  }
}
