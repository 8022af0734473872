import fc from "fast-check";
import { expect, test } from "vitest";
import { type BoardFault, type FaultPlan, Faults, faultPlans, faultyBoard } from "../../../test/faulty-board.ts";
import { TurnedClock } from "../../../test/turned-clock.ts";
import type { BoardEvent, CoordinatorBoard, JobStatus } from "../board/board.ts";
import { MemoryBoard } from "../board/memory.ts";
import { BoardWarnings } from "../board/warnings.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import { Seal } from "../protocol/signed.ts";
import { type RunAnswer, type RunJob, runAnswerSchema, runJobSchema } from "../whole/protocol.ts";
import type { ShareEvent } from "./options.ts";
import { givenBack } from "./protocol.ts";
import { JobSharing } from "./share.ts";

const of = { run: "sweep", incarnation: "now" };
const seal = new Seal("secret");
const digest = "a".repeat(64);

const otherFaults = ["die", "leave", "stale", "other", "bad"] as const;
type Fault = (typeof otherFaults)[number];

interface Plan extends FaultPlan<Fault | BoardFault> {
  readonly workers: number;
  readonly trainsHere: boolean;
}

/** What became of each run: where it ended, in order. */
interface Outcome {
  readonly ends: ReadonlyMap<number, readonly string[]>;
  readonly events: readonly ShareEvent<RunAnswer, string>[];
}

const runs = [0, 1, 2, 3, 4, 5];

function presenceOf(id: string, doing: Presence["doing"]): Presence {
  return {
    ...{ id, host: "h", pid: 1, device: "cpu", coinage: "1.2", state: "ready", ...of, jobs: 0, rate: 0 },
    ...(doing && { doing }),
  };
}

function answerTo({ index, attempt }: RunJob, worker: string): RunAnswer {
  return {
    ...{ v: 1, kind: "run", ...of, index, attempt, worker, device: "cpu", numerics: digest, seconds: 1 },
    files: [{ name: "w.safetensors", sha256: digest, bytes: 1 }],
  };
}

/** Gives runs out on a board where things go wrong as planned. */
async function shared({ workers, trainsHere, ...plan }: Plan): Promise<Outcome> {
  const clock = new TurnedClock();
  const memory = new MemoryBoard(clock);
  const faults = new Faults<Fault>(plan);
  let names = 0;
  const ends = new Map<number, string[]>(runs.map((index) => [index, []]));

  const join = async (): Promise<void> => {
    const name = `w${names++}`;
    const board = memory.worker();
    let isAlive = true;
    let doing: Presence["doing"];
    const beat = (): void => {
      if (!isAlive) return;
      void board.publishPresence(presenceOf(name, doing));
      clock.after(2000, beat);
    };
    beat();
    await board.consume(of, name, async (body) => {
      const opened = seal.open(body, runJobSchema, longest.job);
      if ("problem" in opened) throw new Error(opened.problem);
      const job = opened.message;
      for (let step = 0; step < 4; step++) {
        doing = { kind: "run", index: job.index, step, steps: 4 };
        await clock.wait(faults.duration());
      }
      doing = undefined;
      const how = faults.next("die", "leave", "fail", "stale", "other", "bad");
      if (how === "leave") throw new Error(givenBack);
      if (how === "fail") throw new Error("the disk is full");
      if (how === "die") {
        isAlive = false;
        clock.after(5000, () => void join());
        return new Promise<never>(() => {});
      }
      const answer = answerTo(job, name);
      const told = { stale: { incarnation: "before" }, other: { index: job.index + 1 }, bad: { files: [] } };
      return seal.sign({ ...answer, ...(how in told ? told[how as keyof typeof told] : {}) });
    });
  };
  for (let i = 0; i < workers; i++) await join();

  const board = faultyBoard(memory.coordinator(of), memory, clock, faults, () => []);
  async function* here(index: number): AsyncGenerator<string> {
    await clock.wait(faults.duration() * 4);
    yield "trained";
    ends.get(index)!.push("here");
  }
  const sharing = new JobSharing<RunAnswer, string>({
    ...{ kind: "run", answers: runAnswerSchema, board, of, seal, clock, signal: new AbortController().signal },
    announce: (step, out) => board.announce("", { step, excluded: out }),
    bodyOf: (index, attempt) => seal.sign({ v: 1, kind: "run", ...of, index, attempt, config: "", inputs: digest }),
    accept: async (job, { index, files }) => {
      if (files.length === 0) return { refused: "nothing was brought" };
      expect(job.startsWith(`r${index}-`)).toBe(true);
      ends.get(index)!.push("worker");
      return undefined;
    },
    runHere: trainsHere ? here : undefined,
  });
  const events: ShareEvent<RunAnswer, string>[] = [];
  await clock.turn(
    (async () => {
      for await (const event of sharing.run(runs)) {
        events.push(event);
        if (event.kind === "failed") ends.get(event.index)!.push("failed");
      }
    })(),
  );
  return { ends, events };
}

test("whatever is lost, doubled, forged or late, and whoever dies: each run ends once, here or by a result that was accepted", async () => {
  const plans = fc.record({
    ...faultPlans(otherFaults, 20_000),
    workers: fc.integer({ min: 0, max: 4 }),
    trainsHere: fc.constant(true),
  });
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { ends } = await shared(plan);
      for (const index of runs) expect([["worker"], ["here"]]).toContainEqual(ends.get(index));
    }),
    { numRuns: 100, seed: 19 },
  );
});

test("workers share the runs, and a run whose worker dies goes to another", async () => {
  const plan = { durations: [1000], workers: 2, trainsHere: false } as const;
  const calm = await shared({ ...plan, faults: ["none"] });
  expect([...calm.ends.values()]).toEqual(runs.map(() => ["worker"]));
  expect(new Set(calm.events.flatMap((event) => (event.kind === "begin" ? [event.by] : []))).size).toBe(2);
  expect(calm.events.some((event) => event.kind === "again")).toBe(false);

  const deadly = await shared({ ...plan, faults: [...Array<"none">(20).fill("none"), "die"] });
  expect([...deadly.ends.values()]).toEqual(runs.map(() => ["worker"]));
  expect(deadly.events.filter((event) => event.kind === "again").length).toBeGreaterThan(0);
});

test("a run that is given back again and again by workers that leave is no failure", async () => {
  const leaving = [...Array<"leave">(10).fill("leave"), "none"] as const;
  const { ends, events } = await shared({ faults: [...leaving], durations: [1000], workers: 1, trainsHere: false });
  expect([...ends.values()]).toEqual(runs.map(() => ["worker"]));
  expect(events.flatMap((event) => (event.kind === "again" ? [event.why] : []))).toContain(givenBack);
});

test("a run at which all workers fail ends with the reason, and one that brings forged results is not used any more", async () => {
  const plan = { durations: [1000], workers: 2, trainsHere: false } as const;
  const failing = await shared({ ...plan, faults: ["fail"] });
  expect([...failing.ends.values()]).toEqual(runs.map(() => ["failed"]));
  const forged = await shared({ ...plan, faults: ["other"] });
  expect([...forged.ends.values()]).toEqual(runs.map(() => ["failed"]));
  const refused = forged.events.flatMap((event) => (event.kind === "workerRefused" ? [event.why] : []));
  expect(refused).toContain("its result is for another job; it is not used any more");
});

test("without workers this machine trains all runs, one after another", async () => {
  const { ends, events } = await shared({ faults: ["none"], durations: [10], workers: 0, trainsHere: true });
  expect([...ends.values()]).toEqual(runs.map(() => ["here"]));
  expect(events.filter(({ kind }) => kind === "begin")).toHaveLength(runs.length);
});

test("a job that this machine has started before it was published is not published any more", async () => {
  const clock = new TurnedClock();
  const published: string[] = [];
  const queue = new MemoryBoard(clock).coordinator(of);
  const board: CoordinatorBoard = {
    ...queue,
    publish: async (jobs, first) => {
      published.push(...jobs.map(({ id }) => id));
      await queue.publish(jobs, first);
    },
  };
  async function* here(): AsyncGenerator<string> {
    await clock.wait(1000);
    yield "trained";
  }
  const sharing = new JobSharing<RunAnswer, string>({
    ...{ kind: "run", answers: runAnswerSchema, board, of, seal, clock, signal: new AbortController().signal },
    ...{ bodyOf: () => "", accept: async () => undefined, runHere: here, announce: async () => {} },
  });
  await clock.turn(
    (async () => {
      await sharing.start();
      for (const index of runs) sharing.add(index);
      while (!sharing.isIdle) {
        for (const _ of sharing.news());
        await sharing.nextChange();
      }
      await sharing.stop();
    })(),
  );
  // it begins at the end, at once
  expect(published).toEqual(runs.slice(0, -1).map((index) => `r${index}-1`));
});

test("what the board may lose is asked for once a minute, and told once", async () => {
  const clock = new TurnedClock();
  const found = ["first"];
  let asked = 0;
  const board: CoordinatorBoard = {
    ...new MemoryBoard(clock).coordinator(of),
    warnings: async () => {
      asked++;
      return found;
    },
  };
  clock.after(90_000, () => found.push("second"));
  async function* here(): AsyncGenerator<string> {
    await clock.wait(150_000);
    yield "trained";
  }
  const sharing = new JobSharing<RunAnswer, string>({
    ...{ kind: "run", answers: runAnswerSchema, board, of, seal, clock, signal: new AbortController().signal },
    ...{ bodyOf: () => "", accept: async () => undefined, runHere: here, announce: async () => {} },
    warnings: new BoardWarnings(board, clock),
  });
  const told: string[] = [];
  await clock.turn(
    (async () => {
      for await (const event of sharing.run([0])) if (event.kind === "queueWarning") told.push(event.why);
    })(),
  );
  expect(told).toEqual(["first", "second"]);
  expect(asked).toBe(3);
});

test.each([
  ["gives to another worker", false],
  ["takes back before another worker takes it", true],
])("a run that the queue itself %s is told as given again", async (_, waits) => {
  const clock = new TurnedClock();
  const board = new MemoryBoard(clock).coordinator(of);
  const taken = (by: string): JobStatus => ({ state: "taken", by });
  const standings: JobStatus[] = [taken("w0"), ...(waits ? [{ state: "waiting" } as const] : []), taken("w1")];
  const again = waits ? 15_000 : 2000;
  const job: RunJob = { ...{ v: 1, kind: "run" }, ...of, index: 0, attempt: 1, config: "", inputs: digest };
  const answer = seal.sign(answerTo(job, "w1"));
  let hear: (event: BoardEvent) => void = () => {};
  const queue: CoordinatorBoard = {
    ...{ announce: async () => {}, withdraw: async () => {}, workers: async () => [] },
    ...{ consume: board.consume.bind(board), close: async () => {}, warnings: async () => [] },
    listen: (listener) => {
      hear = listener;
    },
    publish: async ([job]) => {
      const id = job!.id;
      hear({ kind: "taken", id });
      clock.after(again, () => hear({ kind: "taken", id }));
      clock.after(again + 2000, () => hear({ kind: "answered", id, body: answer }));
    },
    statusOf: async () => standings.shift()!,
  };
  const sharing = new JobSharing<RunAnswer, never>({
    ...{ kind: "run", answers: runAnswerSchema, board: queue, of, seal, clock, signal: new AbortController().signal },
    ...{ bodyOf: () => seal.sign(job), accept: async () => undefined, runHere: undefined },
    announce: async () => {},
  });
  const told: string[] = [];
  await clock.turn(
    (async () => {
      for await (const event of sharing.run([0]))
        told.push(
          event.kind === "again" ? `again: ${event.why}` : event.kind === "begin" ? `begin: ${event.by}` : event.kind,
        );
    })(),
  );
  expect(told).toEqual(["begin: w0", "again: w0 is gone or makes no progress", "begin: w1", "answered"]);
});
