import {
  BlobStore,
  blobFolder,
  QueueWorker,
  queueAccess,
  RedisWorkerBoard,
  release,
  Seal,
} from "../../cluster/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath } from "../../files/index.ts";
import type { Terminal } from "../../reporters/index.ts";
import { type DeviceName, deviceNames, requireDevice } from "../../runtime/index.ts";
import { commands } from "../commands.ts";
import { readFlags } from "../flags.ts";
import { endInOrder, listenForInterrupt } from "../interrupt.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled, packageVersion } from "../program.ts";

const help = `Usage: coinage ${commands.worker.usage}
Computes for the runs of other machines: takes micro-batches of coinage train --queue and whole runs of coinage sweep --queue
from a Redis or Valkey server.
Ctrl-C or SIGTERM finishes the micro-batch under way, or gives back the run, and leaves; a worker that is killed is replaced by the others.
It ends with code 0, or with 75 where it should be started again.

  --queue URL         redis://HOST:PORT, rediss://USER@HOST:PORT or unix:///SOCKET
  --device NAME       ${["auto", ...deviceNames].join(", ")} (default: auto)
  --threads N         threads on processors (default: as many as the run has; others round differently)
  --models FOLDER     a folder with models, looked into before weights are fetched; may be repeated
  --cache FOLDER      where fetched weights are kept (default: ${"blobs"} in coinage's cache folder)
  --cache_limit SIZE  most that is kept there, such as 40GB (default: 40GB)
  --run ID            take part in this run only
  --once              end with the first run that it takes part in
  --idle_exit TIME    end after so long without a run that it takes part in, such as 90s, 10m or 2h
  --queue_ca FILE     certificate of the authority that has signed the server's
  --queue_insecure    allow a server that other machines reach without a password and a secret

  COINAGE_QUEUE_PASSWORD, COINAGE_CLUSTER_SECRET   in the environment, or with _FILE at their end in a file of mode 600
`;

/** `coinage worker --queue URL` */
export async function workerCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.worker.usage, words, {
    queue: { type: "string" },
    device: { type: "string", default: "auto" },
    threads: { type: "string" },
    models: { type: "string", multiple: true, default: [] },
    cache: { type: "string" },
    cache_limit: { type: "string", default: "40GB" },
    run: { type: "string" },
    once: { type: "boolean", default: false },
    idle_exit: { type: "string" },
    queue_ca: { type: "string" },
    queue_insecure: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  if (positionals.length > 0 || values.queue === undefined)
    throw usage(positionals.length > 0 ? `worker takes no "${positionals[0]}".` : "worker needs --queue URL.");
  const device = deviceOf(values.device);
  const threads = values.threads === undefined ? undefined : countOf(values.threads);
  const limitBytes = bytesOf(values.cache_limit);
  const idleMs = values.idle_exit === undefined ? undefined : millisecondsOf(values.idle_exit);
  for (const folder of values.models) await requireFolder(folder);
  const access = queueAccess(values.queue, { ca: values.queue_ca, isInsecure: values.queue_insecure }, process.env);
  await requireDevice(device);
  const board = await RedisWorkerBoard.open(access.address);
  const { signal, release: forget } = listenForInterrupt(terminal, () => "Finishing the micro-batch and leaving.");
  try {
    const end = await new QueueWorker({
      ...{ board, device, threads, signal, seal: new Seal(access.secret), coinage: release(packageVersion()) },
      blobs: new BlobStore({
        folder: values.cache ?? blobFolder(process.env),
        limitBytes,
        models: values.models,
        signal,
      }),
      run: values.run,
      isOnce: values.once,
      idleMs,
      say: (text) => terminal.talk(`${text}\n`),
    }).run();
    if (end === "idle") terminal.talk(`No run came for ${values.idle_exit}.\n`);
    if (end !== "stuck") return exitCodes.done;
    terminal.talk("Jobs wait and none comes here, also over new connections.\n", "warning");
    return exitCodes.tryAgain;
  } finally {
    forget();
    await board.close();
    endInOrder();
  }
}

function deviceOf(text: string): DeviceName | "auto" {
  const found = (["auto", ...deviceNames] as const).find((name) => name === text);
  if (found) return found;
  throw usage(`--device expects ${["auto", ...deviceNames].join(", ")}, not "${text}".`);
}

async function requireFolder(folder: string): Promise<void> {
  if ((await kindOfPath(folder)) === "folder") return;
  throw new CoinageError("FILE_NOT_FOUND", `${folder} is no folder that exists.`, {
    where: "--models",
    ...hintOfMissing(folder),
  });
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usage(`--threads expects a number from 1, not "${text}".`);
}

function bytesOf(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)B?$/i.exec(text) ?? [];
  if (number !== undefined) return Number(number) * 1000 ** " KMGT".indexOf(unit.toUpperCase() || " ");
  throw usage(`--cache_limit expects a size such as 40GB, not "${text}".`);
}

function millisecondsOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * { s: 1e3, m: 6e4, h: 36e5 }[unit as "s" | "m" | "h"];
  throw usage(`--idle_exit expects a time such as 90s, 10m or 2h, not "${text}".`);
}

function usage(message: string): CoinageError {
  return new CoinageError("USAGE", message, { hint: `Usage: coinage ${commands.worker.usage}` });
}
