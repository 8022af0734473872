import { CoinageError } from "../../errors/index.ts";
import type { probeDevices } from "../../runtime/index.ts";
import { Child } from "../child.ts";
import type { Alternative, Check, CheckRequest, ModelFacts } from "./check.ts";
import type { Question } from "./process.ts";

/** How long an answer may take, in milliseconds: a large model on a slow disk takes some ten seconds. */
const patienceMs = 180_000;

type DeviceReports = Awaited<ReturnType<typeof probeDevices>>;

/** Sends questions to the process that checks drafts, which starts with the first one. */
export class Checker {
  readonly #child = new Child<Question>({ beside: import.meta.url, script: "process", patienceMs, failed });
  #devices: Promise<DeviceReports> | undefined;
  readonly #running = new Map<string, Promise<Check>>();
  readonly #queued = new Map<string, Promise<Check>>();

  /** Checks a draft. Requests that come while a check of the draft runs share the next one, which reads the draft when it starts.
   *  @throws CHECK_FAILED, and what `requestOf` throws */
  check(draft: string, requestOf: () => Promise<CheckRequest>): Promise<Check> {
    const queued = this.#queued.get(draft);
    if (queued) return queued;
    const running = this.#running.get(draft);
    const start = async (): Promise<Check> => {
      await running?.catch(() => {});
      this.#queued.delete(draft);
      const checking = requestOf().then((request) => this.#child.ask<Check>({ kind: "check", request }));
      this.#running.set(draft, checking);
      return checking.finally(() => {
        if (this.#running.get(draft) === checking) this.#running.delete(draft);
      });
    };
    const checking = start();
    if (running) this.#queued.set(draft, checking);
    return checking;
  }

  /** Changes that make the run of a draft cheaper. @throws CHECK_FAILED */
  alternatives(request: CheckRequest): Promise<readonly Alternative[]> {
    return this.#child.ask({ kind: "alternatives", request });
  }

  /** @throws CHECK_FAILED */
  inspect(path: string): Promise<ModelFacts> {
    return this.#child.ask({ kind: "model", path });
  }

  /** The devices of this machine, probed once per studio. @throws CHECK_FAILED */
  devices(): Promise<DeviceReports> {
    this.#devices ??= this.#child.ask<DeviceReports>({ kind: "devices" }).catch((error) => {
      this.#devices = undefined;
      throw error;
    });
    return this.#devices;
  }

  close(): void {
    this.#child.kill();
  }
}

function failed(reason: string, errors: string): CoinageError {
  const last = errors.trim().split("\n").at(-1);
  return new CoinageError("CHECK_FAILED", `Checking ended before it had an answer: ${reason}.`, {
    ...(last && { where: last }),
    hint: "Try again. If it happens each time, the model may be damaged or too large for the memory of this machine: coinage inspect FILE says more.",
  });
}
