import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { sweepReport } from "../../src/cli/sweep/report.ts";
import { queueAccess, runQueue } from "../../src/cluster/index.ts";
import { type SweepEvent, sweep } from "../../src/sweep/index.ts";
import { recordingTerminal } from "../terminal.ts";
import { concept } from "../training-run.ts";
import { printed } from "./command.ts";
import { fleet, secret, version } from "./fleet.ts";

const { redis, worker, work, watched } = fleet();

const file = path.join(work, "rates.toml");
writeFileSync(
  file,
  `[train]
pretrained_model_name_or_path = ${JSON.stringify(path.resolve("assets/tiny-sd"))}
image_dir = ${JSON.stringify(concept)}
caption_extension = ".txt"
resolution = 64
token_string = "vexla"
init_word = "ring"
max_train_steps = 30
cache_latents = true
no_metadata = true
report_images = "none"
device = "cpu"
threads = 1
[axes]
learning_rate = [1e-3, 5e-3, 2e-2]
`,
);

/** Runs the sweep in this process. during: called with each event; stop ends it. */
async function swept(
  folder: string,
  url?: string,
  during: (event: SweepEvent, stop: () => void) => void | Promise<void> = () => {},
) {
  const stop = new AbortController();
  const environment = { COINAGE_CLUSTER_SECRET: secret };
  const queueOf = () => (url === undefined ? undefined : runQueue(queueAccess(url, {}, environment)));
  const events: SweepEvent[] = [];
  const terminal = recordingTerminal();
  const reporter = sweepReport(terminal, false);
  const words = ["--output_dir", path.join(work, folder), ...(url === undefined ? [] : ["--no_cluster_local"])];
  for await (const event of watched(sweep(file, words, { signal: stop.signal, queueOf, version: version() }))) {
    events.push(event);
    reporter.report(event);
    await during(event, () => stop.abort());
  }
  const table = events.at(-1);
  if (table?.kind !== "table") throw new Error("the sweep has no table");
  return { events, table, talked: terminal.talked() };
}

test("whole runs go to workers: one is killed within a run, another one leaves, the sweep is interrupted and goes on, and ends in the bytes of this machine", {
  timeout: 240_000,
}, async () => {
  const server = await redis("--maxmemory-policy", "volatile-lru");
  const workers = [7, -7].map((clockHours) => worker(server.url, { clockHours }));
  vi.stubEnv("COINAGE_CLUSTER_SECRET", secret);
  let killed: string | undefined;
  let shown = "";
  let ended = 0;
  let isGivenAgain = false;
  const first = await swept("shared", server.url, async (event, stop) => {
    // progress arrives every two seconds, in which a fast machine has trained it to the end
    if (event.kind === "begin" && killed === undefined) {
      killed = event.by!;
      await workers.find(({ process }) => killed!.includes(`-${process.pid}-`))!.kill();
      shown = await printed("cluster", "--queue", server.url);
    }
    if (event.kind === "ended") ended++;
    if (event.kind === "again") isGivenAgain = true;
    // the reissued run is unfinished at this point
    if (isGivenAgain && ended > 0) stop();
  });
  expect(first.events.flatMap((event) => (event.kind === "ended" ? (event.result.problem ?? []) : []))).toEqual([]);
  expect(shown).toMatch(/sweep shared-\w+: rates, on .*, \d of 3 runs/);
  expect(first.talked).toContain("warning: the queue: maxmemory-policy is volatile-lru;");
  expect(isGivenAgain).toBe(true);
  expect(first.table.isComplete).toBe(false);

  workers.push(worker(server.url));
  let leaving: Promise<void> | undefined;
  const second = await swept("shared", server.url, (event) => {
    if (event.kind !== "begin" || leaving) return;
    leaving = workers.find(({ process }) => event.by!.includes(`-${process.pid}-`))!.leave();
  });
  expect(second.events.flatMap((event) => (event.kind === "again" ? [event.why] : []))).toEqual(["its worker leaves"]);
  await leaving;
  expect(second.events.find((event) => event.kind === "sweep")?.done).toBe(ended);
  expect(second.table.isComplete).toBe(true);
  const by = [...first.events, ...second.events].flatMap((event) =>
    event.kind === "ended" ? [event.result.by?.worker] : [],
  );
  expect(by).toHaveLength(3);
  expect(by.filter((name) => name === undefined || name === killed)).toEqual([]);

  const local = await swept("local");
  for (const { run } of local.table.rows) {
    const bytes = (folder: string) => readFileSync(path.join(work, folder, run.name, "vexla.safetensors"));
    expect(bytes("shared")).toEqual(bytes("local"));
  }
  const losses = ({ table }: typeof local) => table.rows.map(({ run, result }) => [run.name, result?.figures?.loss]);
  expect(losses(second)).toEqual(losses(local));
  const client = server.client();
  expect(await client.hlen("coinage:runs")).toBe(0);
  client.disconnect();
});
