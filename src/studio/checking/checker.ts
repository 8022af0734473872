import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CoinageError } from "../../errors/index.ts";
import type { probeDevices } from "../../runtime/index.ts";
import type { Check, CheckRequest, ModelFacts } from "./check.ts";
import type { Question } from "./process.ts";

/** The longest that an answer may take, in milliseconds: a large model on a slow disk takes some ten seconds. */
const patienceMs = 180_000;

type DeviceReports = Awaited<ReturnType<typeof probeDevices>>;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Asks the process that checks drafts; it is started with the first question. */
export class Checker {
  #process: ChildProcess | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #errors = "";
  #devices: Promise<DeviceReports> | undefined;
  readonly #running = new Map<string, Promise<Check>>();
  readonly #queued = new Map<string, Promise<Check>>();

  /** Checks a draft. While one check of it runs, all further ones are one: it looks at the draft as it is when its turn comes.
   *  @throws CHECK_FAILED, and what `requestOf` throws */
  check(draft: string, requestOf: () => Promise<CheckRequest>): Promise<Check> {
    const queued = this.#queued.get(draft);
    if (queued) return queued;
    const running = this.#running.get(draft);
    const start = async (): Promise<Check> => {
      await running?.catch(() => {});
      this.#queued.delete(draft);
      const checking = requestOf().then((request) => this.#ask<Check>({ kind: "check", request }));
      this.#running.set(draft, checking);
      return checking.finally(() => {
        if (this.#running.get(draft) === checking) this.#running.delete(draft);
      });
    };
    const checking = start();
    if (running) this.#queued.set(draft, checking);
    return checking;
  }

  /** @throws CHECK_FAILED */
  inspect(path: string): Promise<ModelFacts> {
    return this.#ask({ kind: "model", path });
  }

  /** The devices of this machine, tried once for as long as the studio runs. @throws CHECK_FAILED */
  devices(): Promise<DeviceReports> {
    this.#devices ??= this.#ask<DeviceReports>({ kind: "devices" }).catch((error) => {
      this.#devices = undefined;
      throw error;
    });
    return this.#devices;
  }

  close(): void {
    this.#process?.kill("SIGKILL");
  }

  #ask<Answer>(question: Question): Promise<Answer> {
    const id = this.#next++;
    this.#process ??= this.#start();
    const child = this.#process;
    return new Promise<Answer>((resolve, reject) => {
      // it has lost itself in what it reads
      const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      timer.unref();
      this.#waiting.set(id, { resolve, reject, timer });
      child.send({ id, question }, (error) => {
        if (error) this.#settle(id, ({ reject }) => reject(failed(error.message)));
      });
    });
  }

  #start(): ChildProcess {
    const isSource = import.meta.url.endsWith(".ts");
    const script = fileURLToPath(new URL(`./process.${isSource ? "ts" : "js"}`, import.meta.url));
    const child = fork(script, {
      execArgv: isSource ? ["--import", import.meta.resolve("tsx")] : [],
      // a check never downloads a model: that is the run's, and said before it starts
      env: { ...process.env, HF_HUB_OFFLINE: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#errors = "";
    child.stderr?.on("data", (text: Buffer) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    child.on("message", (message: { id?: number; answer?: unknown; bug?: string }) => {
      if (message.id === undefined) return;
      this.#settle(message.id, ({ resolve, reject }) =>
        message.bug === undefined ? resolve(message.answer as never) : reject(new Error(message.bug)),
      );
    });
    child.on("error", () => {});
    child.on("exit", (code, signal) => {
      if (this.#process === child) this.#process = undefined;
      for (const id of [...this.#waiting.keys()])
        this.#settle(id, ({ reject }) => reject(failed(`it ended with ${signal ?? code}`, this.#errors)));
    });
    child.unref();
    child.channel?.unref();
    return child;
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    how(waiting);
  }
}

function failed(reason: string, errors = ""): CoinageError {
  const last = errors.trim().split("\n").at(-1);
  return new CoinageError("CHECK_FAILED", `Checking ended before it had an answer: ${reason}.`, {
    ...(last && { where: last }),
    hint: "Try again. If it happens each time, the model may be damaged or too large for the memory of this machine: coinage inspect FILE says more.",
  });
}
