import fc from "fast-check";
import { expect, test } from "vitest";
import { type BoardFault, type FaultPlan, Faults, faultPlans, faultyBoard } from "../../../test/faulty-board.ts";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { arrayOf } from "../../array/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { DrawerNews, ImageOrder } from "../../training/index.ts";
import { MemoryBoard } from "../board/memory.ts";
import { WorkerRegistry } from "../coordinator/worker-registry.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import { Seal, sha256 } from "../protocol/signed.ts";
import { sharedJobId } from "../sharing/protocol.ts";
import { SharedDrawer } from "./drawer.ts";
import { type SampleAnswer, sampleJobSchema } from "./protocol.ts";

const of = { run: "run", incarnation: "now", queue: "images" } as const;
const [seal, forger] = [new Seal("secret"), new Seal("another")];
const numerics = "a".repeat(64);
const side = 64;

/** An image that depends on everything it is drawn with. */
function drawn({ request, embeddings }: Pick<ImageOrder, "request" | "embeddings">): Picture {
  const salt = request.seed + embeddings[0]!.data[0]! * 3;
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 7 + salt) % 251);
  return { width: side, height: side, channels: 3, data };
}

function orderOf(step: number, index: number): ImageOrder {
  const sizes = { width: side, height: side, steps: 3, sampler: "ddim" } as const;
  const text = { compatibility: "preview", written: "a ring", prompt: "a ring", negativePrompt: "" } as const;
  return {
    ...{ at: { step }, index, isSeeded: true, step, epoch: 1, embeddings: [arrayOf([1, 2], [step, index])] },
    request: { ...text, ...sizes, seed: 10 * step + index },
  };
}

const otherFaults = ["die", "stale", "other", "forged", "small", "undelivered", "vectors", "foreign"] as const;
type Fault = (typeof otherFaults)[number];

interface Plan extends FaultPlan<Fault | BoardFault> {
  readonly workers: number;
}

const spoils: Readonly<Partial<Record<Fault, (answer: SampleAnswer) => Partial<SampleAnswer>>>> = {
  stale: () => ({ incarnation: "before" }),
  other: ({ index }) => ({ index: index + 1 }),
  small: ({ delivered }) => ({ delivered: { ...delivered, bytes: delivered.bytes - 3 } }),
  vectors: () => ({ rowsHash: "b".repeat(64) }),
  foreign: () => ({ numerics: "b".repeat(64) }),
};

/** A run of three rounds of images, drawn where things go wrong as planned. */
async function drawnAmong({ workers, ...plan }: Plan): Promise<DrawerNews[]> {
  const clock = new TurnedClock();
  const memory = new MemoryBoard(clock);
  const faults = new Faults<Fault>(plan);
  const delivered = new Map<string, Uint8Array>();
  let names = 0;

  const join = async (): Promise<void> => {
    const name = `w${names++}`;
    const board = memory.worker();
    let isAlive = true;
    let doing: Presence["doing"];
    const about = { id: name, host: "h", pid: 1, device: "cpu", coinage: "1.2", run: of.run, jobs: 0, rate: 0 };
    const beat = (): void => {
      if (!isAlive) return;
      void board.publishPresence({ ...about, state: "ready", draws: true, ...(doing && { doing }) });
      clock.after(2000, beat);
    };
    beat();
    await board.consume(of, name, async (body) => {
      const opened = seal.open(body, sampleJobSchema, longest.job);
      if ("problem" in opened) throw new Error(opened.problem);
      const job = opened.message;
      doing = { kind: "sample", index: job.index, step: 1, steps: 3 };
      await clock.wait(faults.duration());
      doing = undefined;
      const how = faults.next("fail", ...otherFaults);
      if (how === "fail") throw new Error("no memory");
      if (how === "die") {
        isAlive = false;
        clock.after(5000, () => void join());
        return new Promise<never>(() => {});
      }
      const rows = new Float32Array(Uint8Array.from(Buffer.from(job.rows[0]!.data, "base64")).buffer);
      const { data } = drawn({ request: job.request, embeddings: [arrayOf([1, 2], rows)] });
      const digest = sha256(data);
      if (how !== "undelivered") delivered.set(`${sharedJobId("sample", job)} ${digest}`, data);
      const { index, attempt, rowsHash } = job;
      const answer: SampleAnswer = {
        ...{ v: 1, run: of.run, incarnation: of.incarnation, kind: "sample", index, attempt, worker: name, numerics },
        ...{ rowsHash, ms: 1, delivered: { sha256: digest, bytes: data.length } },
      };
      return (how === "forged" ? forger : seal).sign({ ...answer, ...(how !== "none" && spoils[how]?.(answer)) });
    });
  };
  for (let i = 0; i < workers; i++) await join();

  const registry = new WorkerRegistry();
  const drawer = await SharedDrawer.open({
    ...{ board: faultyBoard(memory.coordinator(of), memory, clock, faults, () => []), of, seal, clock, registry },
    ...{ numerics, takesOtherNumerics: false, workersPerStep: 1, isStopping: () => false },
    deliveries: {
      read: async (job, digest, bytes) => {
        const found = delivered.get(`${job} ${digest}`);
        return found?.length === bytes ? found : undefined;
      },
      drop: async () => {},
    },
  });
  const told: DrawerNews[] = [];
  async function* here(order: ImageOrder) {
    await clock.wait(3000);
    yield undefined;
    await clock.wait(3000);
    yield drawn(order);
  }
  const rounds = async () => {
    for (let step = 1; step <= 3; step++) {
      for await (const news of drawer.finish()) told.push(news);
      registry.update(await memory.coordinator(of).workers());
      for (let index = 0; index < 3; index++) drawer.handOut(orderOf(step, index), here);
      await clock.wait(5000);
      told.push(...drawer.news());
    }
    for await (const news of drawer.finish()) told.push(news);
    await drawer.close();
  };
  await clock.turn(rounds());
  return told;
}

const imagesIn = (told: readonly DrawerNews[]) => told.flatMap((news) => (news.kind === "drawn" ? [news] : []));

test("whatever is lost, doubled, forged, late or of another size, and whoever dies: each image comes once, as this machine draws it", async () => {
  const plans = fc.record({ ...faultPlans(otherFaults, 20_000), workers: fc.integer({ min: 0, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const images = imagesIn(await drawnAmong(plan));
      const names = images.map(({ order }) => `${order.step}-${order.index}`).sort();
      expect(names).toEqual(["1-0", "1-1", "1-2", "2-0", "2-1", "2-2", "3-0", "3-1", "3-2"]);
      for (const { order, picture } of images) expect(sha256(picture.data)).toBe(sha256(drawn(order).data));
    }),
    { numRuns: 40, seed: 19 },
  );
});

test("workers draw what they can while the run goes on, and what takes them too long is drawn here", async () => {
  const quick = imagesIn(await drawnAmong({ faults: ["none"], durations: [1000], workers: 2 }));
  expect(quick.every(({ by }) => by !== undefined)).toBe(true);
  const slow = imagesIn(await drawnAmong({ faults: ["none"], durations: [500_000], workers: 1 }));
  expect(slow).toHaveLength(9);
  expect(slow[0]!.by).toBeUndefined();
});

test("bad images are refused with the reason, and told as given out once more", async () => {
  const told = await drawnAmong({ faults: ["small", "vectors", "undelivered"], durations: [1000], workers: 3 });
  const refused = told.flatMap((news) => (news.kind === "workerRefused" ? [news.why] : []));
  for (const why of [
    "its image has another size",
    "its image was drawn with other vectors",
    "its image was not delivered",
  ])
    expect(refused).toContain(why);
  expect(told.some((news) => news.kind === "reissued" && news.job === "sample")).toBe(true);
});
