import fc from "fast-check";
import { expect, test } from "vitest";
import { type BoardFault, type FaultPlan, Faults, faultPlans, faultyBoard } from "../../../test/faulty-board.ts";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { arrayOf, type NdArray } from "../../array/index.ts";
import { noiseSchedule, seededGenerators } from "../../diffusion/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type {
  MicroBatchRunner,
  MicroStepContext,
  MicroStepResult,
  MicroStepSamples,
  RunnerOutput,
} from "../../training/index.ts";
import { localRunner } from "../../training/loop/micro-batches.ts";
import { MemoryBoard } from "../board/memory.ts";
import { decodeNumbers, encodeNumbers } from "../protocol/arrays.ts";
import { jobSchema, longest } from "../protocol/job.ts";
import { Seal } from "../protocol/signed.ts";
import { computeJob, resultOf } from "../worker/compute.ts";
import { ClusterRunner } from "./runner.ts";
import { defaultPolicy } from "./schedule.ts";
import { WorkerRegistry } from "./worker-registry.ts";

const [vectors, width, micro, steps] = [2, 6, 4, 4];
const numerics = "a".repeat(64);

/** A program as small as can be: sums that depend on every number it is fed. */
const context = {
  model: { family: "sd1" } as MicroStepContext["model"],
  schedule: noiseSchedule({ zeroTerminalSnr: false }),
  lossType: "l2",
  options: {
    predictionType: "epsilon",
    multiresNoiseIterations: 2,
    minSnrGamma: 5,
    huberSchedule: "snr",
    huberC: 0.1,
    huberScale: 1,
  },
  program: {
    run: async (feeds: Record<string, NdArray>) => {
      const [noisy, target, factors] = ["noisyLatents", "target", "lossFactors"].map(
        (name) => feeds[name]!.data as Float32Array,
      );
      const [learned, selection] = [feeds.learnedEmbeddings!, feeds.learnedSelection!];
      const batch = factors!.length;
      const each = noisy!.length / batch;
      const lossSums = Float32Array.from({ length: batch }, (_, b) => {
        let sum = 0;
        for (let i = 0; i < each; i++) sum += (noisy![b * each + i]! - target![b * each + i]!) ** 2;
        return sum + (learned.data as Float32Array).reduce((total, value) => total + Math.sin(value), 0);
      });
      const positions = selection.data.length / vectors;
      const gradients = Float32Array.from({ length: positions * width }, (_, i) => {
        const [position, k] = [Math.floor(i / width), i % width];
        const b = Math.floor((position * batch) / positions);
        return factors![b]! * Math.sin(noisy![(i * 7) % noisy!.length]! + Number(learned.data[k]) + position);
      });
      return {
        lossSums: arrayOf([batch], lossSums),
        tokenGradients0: arrayOf([1, positions, width], gradients),
      };
    },
  } as unknown as MicroStepContext["program"],
} satisfies MicroStepContext;

function samplesOf(step: number, index: number): MicroStepSamples {
  const value = (i: number) => Math.sin(step * 100 + index * 10 + i);
  const ids = Array.from({ length: 77 }, (_, i) =>
    i === 0 ? 49406 : i < 3 ? firstPlaceholderId + i - 1 : i === 3 ? 320 + index : 49407,
  );
  return {
    latents: arrayOf(
      [2, 4, 2, 2],
      Float32Array.from({ length: 32 }, (_, i) => value(i)),
    ),
    tokenIds: [[[ids], [ids]]],
    priorLossWeights: [1, 0.5],
  };
}

interface Watching {
  readonly count?: number;
  /** Called with what is told besides results. */
  readonly note?: (output: RunnerOutput) => void;
}

/** What a run of a few steps comes to: its vectors, and every gradient. */
async function trained(runner: MicroBatchRunner, { count = steps, note = () => {} }: Watching = {}): Promise<string> {
  const generators = seededGenerators(7);
  let embeddings = [
    arrayOf(
      [vectors, width],
      Float32Array.from({ length: vectors * width }, (_, i) => i / 10),
    ),
  ];
  const log: unknown[] = [];
  for (let step = 0; step < count; step++) {
    const batches = async function* () {
      for (let index = 0; index < micro; index++) yield samplesOf(step, index);
    };
    const inputs = { step, embeddings, generators, accumulationSteps: micro, lossScale: undefined };
    const results: MicroStepResult[] = [];
    for await (const output of runner.run(inputs, batches()))
      if (output.kind === "computed") results[output.index] = output.result;
      else note(output);
    const data = embeddings[0]!.data.slice();
    for (const { gradients, loss, timesteps } of results) {
      log.push(loss, timesteps);
      for (const [id, row] of gradients[0]!) {
        log.push(id, [...row]);
        if (id >= firstPlaceholderId)
          row.forEach((value, k) => {
            data[(id - firstPlaceholderId) * width + k]! -= 0.1 * value;
          });
      }
    }
    embeddings = [arrayOf([vectors, width], data)];
  }
  return JSON.stringify([log, [...embeddings[0]!.data], generators.torch.state(), generators.python.state()]);
}

const otherFaults = ["die", "stale", "foreign"] as const;
type Fault = (typeof otherFaults)[number];

interface Plan extends FaultPlan<Fault | BoardFault> {
  readonly workers: number;
  readonly takesJobs: boolean;
  /** When workers join, in milliseconds after the run has begun; undefined: before it. */
  readonly joinAtMs?: number;
  /** The least that is waited for a micro-batch, in milliseconds. */
  readonly leastMs?: number;
  /** How long the probe took here, in milliseconds. */
  readonly probeMs?: number;
  /** Every worker's losses are a little off, each in its own way. */
  readonly areOff?: boolean;
  /** Every worker but w1 has numerics of its own, and is used all the same. */
  readonly areUnlike?: boolean;
}

/** Trains on a board where things go wrong as planned. */
async function trainedAmong(
  { workers, takesJobs, leastMs = defaultPolicy.minTimeoutMs, probeMs = 0, areOff, areUnlike, joinAtMs, ...plan }: Plan,
  context: MicroStepContext,
  watching: Watching = {},
  clock = new TurnedClock(),
): Promise<string> {
  const memory = new MemoryBoard(clock);
  const of = { run: "run", incarnation: "now" };
  const seal = new Seal("secret");
  const blobs = new Map<string, Uint8Array>();
  const fetch = async (digest: string) => blobs.get(digest)!;
  const faults = new Faults<Fault>(plan);
  let names = 0;

  const join = async (): Promise<void> => {
    const name = `w${names++}`;
    const board = memory.worker();
    let isAlive = true;
    const about = { id: name, host: "h", pid: 1, device: "cpu", coinage: "1.2", ...of, jobs: 0, rate: 0 };
    const beat = (): void => {
      if (!isAlive) return;
      void board.publishPresence({ ...about, state: "ready" });
      clock.after(2000, beat);
    };
    beat();
    await board.consume(of, name, async (body) => {
      const run = faults.duration();
      await clock.wait(run);
      const opened = seal.open(body, jobSchema, longest.job);
      if ("problem" in opened) throw new Error(opened.problem);
      const how = faults.next("die", "fail", "stale", "foreign");
      if (how === "fail") throw new Error("no memory");
      if (how === "die") {
        isAlive = false;
        void join();
        return new Promise<never>(() => {});
      }
      const outcome = await computeJob(opened.message, context, fetch);
      const own =
        how === "foreign" ? "b".repeat(64) : areUnlike && name !== "w1" ? name.slice(1).padStart(64, "c") : numerics;
      const ms = { fetch: 0, run };
      const result = resultOf(opened.message, { ...outcome, ms }, own, name);
      const off = 1e-9 * (1 + Number(name.slice(1)));
      if (areOff)
        return seal.sign({ ...result, losses: encodeNumbers(decodeNumbers(result.losses).map((loss) => loss + off)) });
      return seal.sign(how === "stale" ? { ...result, incarnation: "before" } : result);
    });
  };
  for (let i = 0; i < workers; i++)
    if (joinAtMs === undefined) await join();
    else clock.after(joinAtMs, () => void join());

  const board = faultyBoard(memory.coordinator(of), memory, clock, faults, (jobs) => jobs.slice(1));
  const runner = await ClusterRunner.open({
    ...{
      board,
      of,
      seal,
      clock,
      fetchBlob: fetch,
      takesJobs,
      isStopping: () => false,
      numerics,
      probeMs,
      manifest: "",
      name: "here",
      local: context,
    },
    policy: { ...defaultPolicy, minTimeoutMs: leastMs },
    registry: new WorkerRegistry(),
    takesOtherNumerics: areUnlike ?? false,
    want: "usedRows",
    storeBlob: (digest, bytes) => void blobs.set(digest, bytes),
    free: async () => {},
  });
  const result = await clock.turn(trained(runner, watching));
  await runner.close();
  return result;
}

test.each([
  ["whole micro-batches", context, 100],
  ["micro-batches in parts", { ...context, options: { ...context.options, multiresNoiseIterations: 0 }, split: 2 }, 30],
] as const)(
  "whatever is dropped, delayed, doubled, reordered, corrupted, lost or stale, and whoever dies: the bytes are those of one machine (%s)",
  async (_, context, numRuns) => {
    const expected = await trained(localRunner(context));
    const plans = fc.record({
      ...faultPlans(otherFaults, 4000),
      workers: fc.integer({ min: 1, max: 5 }),
      takesJobs: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        expect(await trainedAmong(plan, context)).toBe(expected);
      }),
      { numRuns, seed: 19 },
    );
  },
);

test("a board that nobody serves is not waited for in vain where the device here takes jobs", async () => {
  const plan: Plan = { faults: ["none"], durations: [10], workers: 0, takesJobs: true };
  expect(await trainedAmong(plan, context)).toBe(await trained(localRunner(context)));
});

test("a run that waits for workers says so, and goes on with the first", async () => {
  const waited: number[] = [];
  const plan: Plan = { faults: ["none"], durations: [10], workers: 1, takesJobs: false, joinAtMs: 35_000 };
  const note = (output: RunnerOutput) => void (output.kind === "noWorkers" && waited.push(Math.floor(output.seconds)));
  expect(await trainedAmong(plan, context, { note })).toBe(await trained(localRunner(context)));
  expect(waited).toEqual([10, 20, 30]);
});

test("a micro-batch whose worker is gone goes to another one at once, however long micro-batches take", async () => {
  const clock = new TurnedClock();
  const reasons: string[] = [];
  const faults = [
    ...Array<"none">(20).fill("none"),
    ...Array<"die">(4).fill("die"),
    ...Array<"none">(400).fill("none"),
  ];
  const plan: Plan = { faults, durations: [60_000], leastMs: 3_600_000, workers: 2, takesJobs: false };
  const note = (output: RunnerOutput) => void (output.kind === "reissued" && reasons.push(output.why));
  await trainedAmong(plan, context, { note }, clock);
  expect(reasons.length).toBeGreaterThan(0);
  for (const why of reasons) expect(why).toMatch(/^w\d is gone$/);
  // two rounds in each of the steps, and one more, and some seconds, for each that died
  expect(clock.now()).toBeLessThan(60_000 * 2 * steps + reasons.length * 70_000);
});

test("jobs that take minutes are not re-issued, from the first step on", async () => {
  const events: RunnerOutput[] = [];
  const plan: Plan = { faults: ["none"], durations: [200_000], probeMs: 180_000, workers: 2, takesJobs: false };
  const clock = new TurnedClock();
  await trainedAmong(plan, context, { note: (output) => void events.push(output) }, clock);
  expect(events.filter(({ kind }) => kind === "reissued")).toEqual([]);
  // two rounds a step
  expect(clock.now()).toBeLessThan(200_000 * 2 * steps + 10_000);
});

test("one micro-batch in a hundred is computed twice, or one step's in a hundred where that makes it longer, and other bits are told of", async () => {
  const differing = async (workers: number, areUnlike = false) => {
    const told: RunnerOutput[] = [];
    const plan: Plan = { faults: ["none"], durations: [10], workers, takesJobs: false, areOff: true, areUnlike };
    await trainedAmong(plan, context, { count: 200, note: (output) => void told.push(output) });
    return told.filter(({ kind }) => kind === "duplicateDiffers");
  };
  // of 200 steps of four: three workers are not all busy in a step's second round, two are
  expect(await differing(3)).toHaveLength(8);
  expect(await differing(2)).toHaveLength(3);
  // with --cluster_numerics any
  expect(await differing(3, true)).toEqual([]);
});

test("a result of which nothing was heard is looked up, and not computed again", async () => {
  const told: RunnerOutput[] = [];
  const plan: Plan = { faults: ["drop"], durations: [10], workers: 2, takesJobs: false };
  const found = await trainedAmong(plan, context, { note: (output) => void told.push(output) });
  expect(found).toBe(await trained(localRunner(context)));
  expect(told.filter(({ kind }) => kind === "reissued")).toEqual([]);
});
