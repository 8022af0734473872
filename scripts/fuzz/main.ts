import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { inputOf, kindOf, minimised } from "./campaign.ts";
import { hostileFolder } from "./seeds.ts";
import { type Target, targets } from "./targets/index.ts";

/** `npm run fuzz -- [--executions N] [--seed N] [--only NAME,NAME] [--keep DIR]`: gives every reader and parser mutated files and texts.
 *  A finding is an error without a code, an impossible shape, a changed prototype, or too much time or memory. Each kind is reported once, minimised and kept in test/hostile. */
const { values } = parseArgs({
  options: {
    executions: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    keep: { type: "string", default: hostileFolder },
  },
});
const [executions, seed] = [Number(values.executions), Number(values.seed)];
const chosen = targets.filter(({ name }) => !values.only || values.only.split(",").includes(name));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);

/** More time than any input needs, on a busy machine. */
const patienceMs = 60_000;
const found = new Map<string, string>();
let total = 0;

for (const target of chosen) {
  const count = Math.ceil((executions * target.share) / shares);
  const start = performance.now();
  for (let from = 0; from < count; ) from = await stretch(target, from, count);
  total += count;
  console.log(`${target.name.padEnd(20)} ${count} executions, ${Math.round((performance.now() - start) / 1000)} s`);
}
console.log(`${total} executions of ${chosen.length} readers, seed ${seed}: ${found.size} kinds of findings`);
for (const [what, file] of found) console.log(`${file}: ${what}`);
process.exit(found.size === 0 ? 0 : 1);

/** Executes in a worker, which is ended if it hangs or runs out of memory. @returns the number from which to continue */
function stretch(target: Target, from: number, to: number): Promise<number> {
  const progress = new BigInt64Array(new SharedArrayBuffer(8));
  const workerData = { name: target.name, seed, from, to, progress };
  const worker = startWorker(workerData);
  Atomics.store(progress, 0, -1n);
  return new Promise((resolve, reject) => {
    let [last, since] = [-1n, performance.now()];
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now !== last) [last, since] = [now, performance.now()];
      else if (performance.now() - since > patienceMs) giveUp("hangs");
    }, 1000);
    const giveUp = (what: string) => {
      clearInterval(watch);
      const number = Number(Atomics.load(progress, 0));
      if (number >= from) keep(target, inputOf(target, target.seeds(), seed, number), what);
      void worker.terminate().then(() => (number < from ? reject(new Error(what)) : resolve(number + 1)));
    };
    const told: Promise<void>[] = [];
    worker.on("message", ({ what, input }: { what: string; input: Uint8Array }) => {
      const isNew = !found.has(`${target.name} ${kindOf(what)}`);
      if (isNew) told.push(shrinkAndKeep(target, input, what));
    });
    worker.on("error", (error) => giveUp(`ends the process: ${error.message}`));
    worker.on("exit", (code) => {
      clearInterval(watch);
      if (code === 0) void Promise.all(told).then(() => resolve(to));
    });
  });
}

/** Starts the worker in TypeScript, for which a thread must install the loader itself. */
function startWorker(workerData: object): Worker {
  const [loader, entry] = [import.meta.resolve("tsx/esm/api"), new URL("./worker.ts", import.meta.url).href];
  return new Worker(`import("${loader}").then(({ register }) => { register(); return import("${entry}"); });`, {
    eval: true,
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 1500 },
  });
}

async function shrinkAndKeep(target: Target, input: Uint8Array, what: string): Promise<void> {
  keep(target, input, what);
  if (what.startsWith("uncoded") || what.startsWith("the shape"))
    keep(target, await minimised(target, input, what), what);
}

function keep({ name, ending }: Target, input: Uint8Array, what: string): void {
  const kind = `${name} ${kindOf(what)}`;
  const stem = createHash("sha256").update(kind).digest("hex").slice(0, 8);
  const file = path.join(values.keep, `fuzz-${name}-${stem}${ending}`);
  if (!found.has(kind)) console.log(`FOUND ${name}: ${what}\n  ${file}`);
  found.set(kind, file);
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(file, input);
}
