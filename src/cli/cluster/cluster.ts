import {
  aclRules,
  longest,
  manifestSchema,
  namedIn,
  type Presence,
  queueAccess,
  RedisWorkerBoard,
  Seal,
  serverWarnings,
} from "../../cluster/index.ts";
import { CoinageError, plural } from "../../errors/index.ts";
import type { Terminal } from "../../reporters/index.ts";
import { commands } from "../commands.ts";
import { readFlags } from "../flags.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled } from "../program.ts";

const help = `Usage: coinage ${commands.cluster.usage}
Shows the runs of a queue and the workers that are there.

  coinage cluster --queue URL          runs, workers, their rates, and why a worker is not used
  coinage cluster clean --queue URL    remove what runs have left whose coordinator is gone
  coinage cluster acl                  print the line for Redis that makes a user with no more rights than needed

  --json             one line of JSON for each run and worker
  --queue_ca FILE    certificate of the authority that has signed the server's
  --queue_insecure   allow a server that other machines reach without a password and a secret
`;

const acl = ["ACL SETUSER coinage on >PASSWORD", ...aclRules].join(" ");

/** `coinage cluster` */
export async function clusterCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.cluster.usage, words, {
    queue: { type: "string" },
    queue_ca: { type: "string" },
    queue_insecure: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  });
  const [action = "show", ...rest] = positionals;
  if (values.help) terminal.result(asCalled(help));
  else if (action === "acl" && rest.length === 0) terminal.result(`${acl}\n`);
  else if (!["show", "clean"].includes(action) || rest.length > 0 || values.queue === undefined)
    throw new CoinageError(
      "USAGE",
      ["show", "clean"].includes(action) && rest.length === 0
        ? "cluster needs --queue URL."
        : `cluster takes no "${positionals.join(" ")}".`,
      { hint: `Usage: coinage ${commands.cluster.usage}` },
    );
  else {
    const access = queueAccess(values.queue, { ca: values.queue_ca, isInsecure: values.queue_insecure }, process.env);
    const board = await RedisWorkerBoard.open(access.address);
    try {
      const seal = new Seal(access.secret);
      if (action === "clean") await clean(board, seal, terminal);
      else await show(board, seal, terminal, values.json);
    } finally {
      await board.close();
    }
  }
  return exitCodes.done;
}

async function runsOf(board: RedisWorkerBoard, seal: Seal) {
  return Promise.all(
    (await board.manifests()).map(async (text) => {
      const opened = seal.open(text, manifestSchema, longest.manifest);
      const id = namedIn(text);
      const heartbeat = id && (await board.heartbeatOf(id.run));
      const isAlive = heartbeat !== undefined;
      if ("problem" in opened) return { id, isAlive, problem: opened.problem };
      return { id, isAlive, manifest: opened.message, step: heartbeat?.step };
    }),
  );
}

async function show(board: RedisWorkerBoard, seal: Seal, terminal: Terminal, isJson: boolean): Promise<void> {
  const server = await board.serverInfo();
  const [runs, workers] = [await runsOf(board, seal), await board.workers()];
  if (isJson) {
    const lines = [
      { kind: "server", ...server },
      ...runs.map((run) =>
        "problem" in run
          ? { kind: "run", ...run.id, problem: run.problem, isAlive: run.isAlive }
          : { kind: "run", ...pick(run.manifest), step: run.step, isAlive: run.isAlive },
      ),
      ...workers.map((worker) => ({ kind: "worker", ...worker })),
    ];
    for (const line of lines) terminal.result(`${JSON.stringify(line)}\n`);
    return;
  }
  terminal.result(`${server.version}, ${Math.round(server.usedBytes / 1e6)} MB in use\n`);
  for (const warning of serverWarnings(server)) terminal.result(`warning: ${warning}\n`);
  for (const run of runs) {
    if ("problem" in run) {
      const goneText = run.isAlive || !run.id ? "" : "; its coordinator is gone: coinage cluster clean removes it";
      terminal.result(asCalled(`run ${run.id?.run ?? "(damaged)"} is not understood: ${run.problem}${goneText}\n`));
    } else {
      const { run: id, kind, word, host, steps, numerics } = run.manifest;
      const done = {
        steps: `step ${run.step} of ${steps}`,
        runs: `${run.step} of ${steps} runs`,
        encode: `${plural(steps, "image")} to encode`,
      };
      const goesOn = kind === "runs" ? "calling coinage sweep again takes it up" : "--resume takes it up";
      const at = run.isAlive ? done[kind] : `its coordinator is gone: ${goesOn}, coinage cluster clean removes it`;
      const who = kind !== "runs" ? `, numerics ${numerics}` : numerics === undefined ? "" : ", numerics same";
      terminal.result(`${kind === "runs" ? "sweep" : "run"} ${id}: ${word}, on ${host}, ${at}${who}\n`);
    }
  }
  if (runs.length === 0) terminal.result("no runs\n");
  for (const worker of workers) terminal.result(`${workerLine(worker)}\n`);
  if (workers.length === 0) terminal.result("no workers\n");
}

const doingTexts = { run: "run", sample: "sample image", encode: "encoding" } as const;

function workerLine({ id, device, state, run, numerics, rate, jobs, why, doing, draws }: Presence): string {
  const done = doing
    ? `${doingTexts[doing.kind]} ${doing.index + 1}, step ${doing.step} of ${doing.steps}`
    : `${plural(jobs, "job")}${rate > 0 ? `, ${rate.toPrecision(2)} micro-batches/s` : ""}`;
  return [
    `worker ${id}: ${state}${run === undefined ? "" : ` for ${run}`}`,
    device,
    ...(numerics === undefined ? [] : [`numerics ${numerics}`]),
    ...(draws ? ["draws samples"] : []),
    `${done}${why === undefined ? "" : `: ${why}`}`,
  ].join(", ");
}

function pick({
  run,
  kind,
  incarnation,
  word,
  host,
  steps,
  numerics,
  coinage,
}: ReturnType<typeof manifestSchema.parse>) {
  return { run, of: kind, incarnation, word, host, steps, numerics, coinage };
}

async function clean(board: RedisWorkerBoard, seal: Seal, terminal: Terminal): Promise<void> {
  let removed = 0;
  for (const run of await runsOf(board, seal)) {
    // also runs of another secret or version: nobody resumes them, and all workers report that they refuse them
    if (run.isAlive || !run.id) continue;
    await board.remove(run.id);
    terminal.result(`removed ${run.id.run}\n`);
    removed++;
  }
  if (removed === 0) terminal.result("nothing to remove\n");
}
