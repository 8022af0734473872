import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, onTestFinished } from "vitest";
import type { QueueAccess } from "../../src/cluster/board/redis/address.ts";
import { clusterSharing, queueAccess } from "../../src/cluster/index.ts";
import { untilAborted } from "../../src/events/index.ts";
import { type RunSharing, type TrainingEvent, train } from "../../src/training/index.ts";
import { concept, settingsOf, trainingFolder } from "../training-run.ts";
import { program } from "./build.ts";
import { TestRedis, until } from "./redis.ts";

export const secret = "a secret of the tests";

/** A worker as a process. */
export class WorkerProcess {
  readonly process: ChildProcess;
  output = "";
  #end: number | NodeJS.Signals | undefined;
  /** The expected end: after it was asked to leave or killed, or by itself. */
  #asked: 0 | "SIGKILL" | undefined;

  /** failed: called if it ends otherwise than expected. */
  constructor(
    url: string,
    words: readonly string[],
    environment: Record<string, string>,
    failed: (error: Error) => void,
  ) {
    const all = ["worker", "--queue", url, "--threads", "1", "--device", "cpu", ...words];
    if (["--once", "--idle_exit"].some((word) => words.includes(word))) this.#asked = 0;
    this.process = spawn(process.execPath, [program, ...all], {
      env: { ...process.env, COINAGE_CLUSTER_SECRET: secret, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on("data", (text: Buffer) => {
        this.output += text;
      });
    this.process.on("exit", (code, signal) => {
      this.#end = signal ?? code ?? 0;
      if (this.#end === this.#asked) return;
      const wanted = this.#asked === undefined ? "though nobody asked it to" : `and not with ${this.#asked}`;
      // only now is its output complete
      this.process.on("close", () => failed(new Error(`a worker ended with ${this.#end} ${wanted}: ${this.output}`)));
    });
  }

  get end(): number | NodeJS.Signals | undefined {
    return this.#end;
  }

  says(text: string): Promise<void> {
    return until(
      () => {
        if (this.#end !== undefined && !this.output.includes(text))
          throw new Error(`the worker ended with ${this.#end}: ${this.output}`);
        return this.output.includes(text);
      },
      () => `"${text}" of a worker that said ${this.output}`,
    );
  }

  /** Waits until it has ended by itself, as expected. */
  ends(): Promise<void> {
    return until(
      () => this.#end === 0,
      () => `the end with 0 of a worker that ended with ${this.#end} and said ${this.output}`,
    );
  }

  async kill(): Promise<void> {
    if (this.#end === undefined) this.#asked = "SIGKILL";
    this.process.kill("SIGKILL");
    await until(() => this.#end !== undefined);
  }

  /** Asks it to leave, as service managers do. @throws Error if it has not ended before they would kill it, or not cleanly */
  async leave(): Promise<void> {
    this.#asked = 0;
    const start = performance.now();
    this.process.kill("SIGTERM");
    await until(
      () => this.#end !== undefined,
      () => `the end of a worker that said ${this.output}`,
    );
    const seconds = (performance.now() - start) / 1000;
    if (this.#end !== 0 || seconds > 10)
      throw new Error(`a worker that leaves ended with ${this.#end} after ${seconds} s: ${this.output}`);
  }
}

interface WorkerOptions {
  readonly words?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly clockHours?: number;
}

/** Environment variables that shift a process's clock. */
function shiftedClock(hours: number): Record<string, string> {
  const preload = new URL("shifted-clock.mjs", import.meta.url).href;
  return { NODE_OPTIONS: `--import ${preload}`, COINAGE_TEST_CLOCK_HOURS: String(hours) };
}

/** The output of a run. */
export interface Trained {
  readonly events: readonly TrainingEvent[];
  /** Its embedding, and the arrays of its state. */
  readonly files: readonly Buffer[];
  /** Its sample images, by step and prompt. */
  readonly images: ReadonlyMap<string, Buffer>;
}

/** A queue, runs and workers for a file of tests, all removed at its end. */
export function fleet() {
  const { work, write } = trainingFolder();
  const workers: WorkerProcess[] = [];
  const failure = new AbortController();
  const servers: TestRedis[] = [];
  const dataset = write(
    "small.toml",
    `[general]\nresolution = 64\n[[datasets]]\nbatch_size = 1\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(concept)}\ncaption_extension = ".txt"\nclass_tokens = "vexla"\n`,
  );
  let outputs = 0;
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    for (const server of servers) await server.stop();
  });

  function flags(outputDir: string, ...more: readonly string[]): string[] {
    const own = {
      pretrained_model_name_or_path: path.resolve("assets/tiny-sd"),
      output_dir: outputDir,
      output_name: "vexla",
      token_string: "vexla",
      init_word: "ring",
      dataset_config: dataset,
      learning_rate: "2e-2",
      max_train_steps: "20",
      gradient_accumulation_steps: "3",
      multires_noise_iterations: "3",
      noise_offset: "0.05",
      seed: "1",
      save_model_as: "safetensors",
      threads: "1",
    };
    const given = Object.entries(own).filter(([name]) => !more.includes(`--${name}`));
    return [
      ...given.flatMap(([name, value]) => [`--${name}`, value]),
      "--cache_latents",
      "--save_state",
      "--no_metadata",
      ...more,
    ];
  }

  const filesOf = (outputDir: string) => [
    readFileSync(path.join(outputDir, "vexla.safetensors")),
    readFileSync(path.join(outputDir, "vexla-state", "arrays.safetensors")),
  ];

  /** Passes on events until a worker ends unexpectedly: a run may wait for it forever. @throws Error with the worker's output */
  async function* watched<Event>(events: AsyncIterable<Event>): AsyncGenerator<Event> {
    yield* untilAborted(events, failure.signal);
    failure.signal.throwIfAborted();
  }

  return {
    work,
    flags,
    filesOf,
    watched,
    newOutput: () => path.join(work, `out${outputs++}`),
    async redis(...words: readonly string[]): Promise<TestRedis> {
      const server = await TestRedis.start(...words);
      servers.push(server);
      return server;
    },
    /** A worker, killed at the end of the test. clockHours: how far its clock is ahead of the machine's. */
    worker(url: string, { words = [], environment = {}, clockHours = 0 }: WorkerOptions = {}) {
      const all = ["--cache", path.join(work, "blobs"), ...words];
      const shifted = clockHours === 0 ? environment : { ...environment, ...shiftedClock(clockHours) };
      const worker = new WorkerProcess(url, all, shifted, (error) => failure.abort(error));
      workers.push(worker);
      onTestFinished(() => worker.kill());
      return worker;
    },
    /** Trains in this process. url: of the queue that shares the run. during: called with each event. shares: makes the sharing to use from the usual one. */
    async train(
      url: string | undefined,
      more: readonly string[] = [],
      during: (event: TrainingEvent) => void | Promise<void> = () => {},
      environment: Record<string, string> = {},
      shares: (access: QueueAccess) => RunSharing = (access) => clusterSharing(access, version()),
    ): Promise<Trained> {
      const outputDir = path.join(work, `out${outputs++}`);
      const settings = await settingsOf(flags(outputDir, ...(url === undefined ? [] : ["--queue", url]), ...more));
      const sharing =
        url === undefined
          ? undefined
          : shares(queueAccess(url, { ca: settings.queueCa }, { COINAGE_CLUSTER_SECRET: secret, ...environment }));
      const events: TrainingEvent[] = [];
      for await (const event of watched(train({ settings, warnings: [] }, { sharing }))) {
        events.push(event);
        await during(event);
      }
      return { events, files: filesOf(outputDir), images: imagesOf(outputDir) };
    },
    /** Trains in another process, which may be killed. */
    trainProcess(outputDir: string, url: string, more: readonly string[] = []): ChildProcess & { output: string } {
      const child = spawn(process.execPath, [program, "train", ...flags(outputDir, "--queue", url, ...more)], {
        env: { ...process.env, COINAGE_CLUSTER_SECRET: secret },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const told = Object.assign(child, { output: "" });
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (text: Buffer) => {
          told.output += text;
        });
      onTestFinished(() => void child.kill("SIGKILL"));
      return told;
    },
  };
}

/** Sample images by step and prompt: the names contain the time. */
function imagesOf(outputDir: string): Map<string, Buffer> {
  const folder = path.join(outputDir, "sample");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(
    names.map((name) => {
      const [, at] = /^vexla_(\d+_\d+)_/.exec(name) ?? [];
      return [at ?? name, readFileSync(path.join(folder, name))];
    }),
  );
}

export function version(): string {
  return (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;
}

/** Events of a kind. */
export function told<Kind extends TrainingEvent["kind"]>({ events }: Trained, kind: Kind) {
  return events.filter((event): event is Extract<TrainingEvent, { kind: Kind }> => event.kind === kind);
}

/** The number of micro-batches that each worker has computed. */
export function shares(trained: Trained): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { cluster } of told(trained, "step"))
    for (const { worker } of cluster?.results ?? []) counts.set(worker, (counts.get(worker) ?? 0) + 1);
  return counts;
}
