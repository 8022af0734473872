import fc from "fast-check";
import { expect, test } from "vitest";
import { type BoardFault, type FaultPlan, Faults, faultPlans, faultyBoard } from "../../../test/faulty-board.ts";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { arrayOf } from "../../array/index.ts";
import type { VaeArchitecture } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent } from "../../training/index.ts";
import { MemoryBoard } from "../board/memory.ts";
import { longest } from "../protocol/job.ts";
import type { Presence } from "../protocol/manifest.ts";
import { Seal, sha256 } from "../protocol/signed.ts";
import { sharedJobId } from "../sharing/protocol.ts";
import { QueuedEncoder } from "./encoder.ts";
import { distributionBytes, type EncodeAnswer, encodeJobSchema } from "./protocol.ts";

const of = { run: "run", incarnation: "now" };
const [seal, forger] = [new Seal("secret"), new Seal("another")];
const numerics = "a".repeat(64);
const vae = { latentChannels: 4, vaeScaleFactor: 8 } as VaeArchitecture;
const side = 16;

/** Latents that depend on every byte of their images. */
function encoded(images: readonly Uint8Array[]): LatentDistribution {
  const shape = [images.length, 4, side / 8, side / 8];
  const sums = images.map((bytes) => bytes.reduce((sum, byte, i) => (sum + byte * (i + 1)) % 99991, 0));
  const values = sums.flatMap((sum) => Array.from({ length: 16 }, (_, i) => Math.sin(sum + i)));
  return { mean: arrayOf(shape, values), deviation: arrayOf(shape, values.map(Math.abs)) };
}

/** An image with an alpha channel, which the VAE does not see. */
function pictureOf(number: number): Picture {
  const data = Uint8Array.from({ length: 4 * side * side }, (_, i) => (i * 7 + number * 31) % 251);
  return { width: side, height: side, channels: 4, data };
}

const rgb = ({ data }: Picture) => data.filter((_, i) => i % 4 < 3);

const otherFaults = ["die", "stale", "other", "forged", "small", "undelivered", "none at all", "foreign"] as const;
type Fault = (typeof otherFaults)[number];

interface Plan extends FaultPlan<Fault | BoardFault> {
  readonly workers: number;
  readonly minSharedMs?: number;
}

const spoils: Readonly<Partial<Record<Fault, (answer: EncodeAnswer) => Partial<EncodeAnswer>>>> = {
  stale: () => ({ incarnation: "before" }),
  other: ({ index }) => ({ index: index + 1 }),
  small: ({ delivered }) => ({ delivered: { ...delivered, bytes: delivered.bytes - 4 } }),
  foreign: () => ({ numerics: "b".repeat(64) }),
};

const batches = Array.from({ length: 20 }, (_, i) => [pictureOf(2 * i), pictureOf(2 * i + 1)]);

/** Encodes some batches where things go wrong as planned. */
async function encodedAmong({ workers, minSharedMs = 2000, ...plan }: Plan) {
  const clock = new TurnedClock();
  const memory = new MemoryBoard(clock);
  const faults = new Faults<Fault>(plan);
  const [delivered, blobs] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
  let names = 0;

  const join = async (): Promise<void> => {
    const name = `w${names++}`;
    const board = memory.worker();
    let isAlive = true;
    const about = { id: name, host: "h", pid: 1, device: "cpu", coinage: "1.2", run: of.run, jobs: 0, rate: 0 };
    const beat = (): void => {
      if (!isAlive) return;
      void board.publishPresence({ ...about, state: "ready" } satisfies Presence);
      clock.after(2000, beat);
    };
    beat();
    await board.consume(of, name, async (body) => {
      const opened = seal.open(body, encodeJobSchema, longest.job);
      if ("problem" in opened) throw new Error(opened.problem);
      const job = opened.message;
      const images = job.pictures.map((digest) => blobs.get(digest));
      await clock.wait(faults.duration());
      const how = faults.next("fail", ...otherFaults);
      if (how === "fail" || images.some((bytes) => bytes === undefined)) throw new Error("no memory");
      if (how === "die") {
        isAlive = false;
        clock.after(5000, () => void join());
        return new Promise<never>(() => {});
      }
      const bytes = distributionBytes(encoded(images as Uint8Array[]));
      if (how === "none at all") new Float32Array(bytes.buffer)[3] = Number.NaN;
      const digest = sha256(bytes);
      if (how !== "undelivered") delivered.set(`${sharedJobId("encode", job)} ${digest}`, bytes);
      const { index, attempt } = job;
      const answer: EncodeAnswer = {
        ...{ v: 1, ...of, kind: "encode", index, attempt, worker: name, numerics, ms: 1 },
        delivered: { sha256: digest, bytes: bytes.length },
      };
      return (how === "forged" ? forger : seal).sign({ ...answer, ...(how !== "none" && spoils[how]?.(answer)) });
    });
  };
  for (let i = 0; i < workers; i++) await join();

  let queues = 0;
  const encoder = new QueuedEncoder({
    ...{ vae, seal, clock, minSharedMs },
    encodeHere: async (pictures) => {
      await clock.wait(1000);
      return encoded(pictures.map(rgb));
    },
    openQueue: async () => {
      queues++;
      return {
        ...{ board: faultyBoard(memory.coordinator(of), memory, clock, faults, () => []), of, manifest: "", numerics },
        ...{ takesOtherNumerics: false, close: async () => {} },
        blobs: {
          addBytes: (digest, bytes) => void blobs.set(digest, bytes),
          removeBytes: (digest) => void blobs.delete(digest),
        },
        deliveries: {
          read: async (job, digest, bytes) => {
            const found = delivered.get(`${job} ${digest}`);
            return found?.length === bytes ? found : undefined;
          },
          drop: async () => {},
        },
      };
    },
  });
  const events: ClusterEvent[] = [];
  const run = async () => {
    encoder.expect(2 * batches.length);
    const found = await Promise.all(batches.map((pictures) => encoder.encode(pictures)));
    await encoder.finish();
    events.push(...encoder.news());
    await encoder.close();
    return found;
  };
  return { found: await clock.turn(run()), events, queues, left: blobs.size };
}

const expected = batches.map((pictures) => encoded(pictures.map(rgb)));

const digestOf = (found: readonly LatentDistribution[]) => found.map((one) => sha256(distributionBytes(one))).join();

test("whatever is lost, doubled, forged, late or of another size, and whoever dies: latents are those of this machine", async () => {
  const plans = fc.record({ ...faultPlans(otherFaults, 20_000), workers: fc.integer({ min: 0, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { found, left } = await encodedAmong(plan);
      expect(digestOf(found)).toBe(digestOf(expected));
      expect(left).toBe(0);
    }),
    { numRuns: 40, seed: 19 },
  );
});

test("images are given out only where this machine would take long for them", async () => {
  const plan = { faults: ["none"], durations: [100], workers: 2 } as const;
  const few = await encodedAmong({ ...plan, minSharedMs: 60_000 });
  expect(few.queues).toBe(0);
  const many = await encodedAmong(plan);
  expect(many.queues).toBe(1);
  const shares = many.events.flatMap((event) => (event.kind === "encoded" ? [event.images] : []));
  expect(shares).toHaveLength(2);
  expect(digestOf(many.found)).toBe(digestOf(few.found));
});

test("bad latents are refused with the reason", async () => {
  const { events } = await encodedAmong({
    faults: ["small", "none at all", "undelivered"],
    durations: [100],
    workers: 3,
  });
  const refused = events.flatMap((event) => (event.kind === "workerRefused" ? [event.why] : []));
  for (const why of [
    "its latents have another size",
    "its latents are not finite numbers",
    "its latents were not delivered",
  ])
    expect(refused).toContain(why);
  expect(events.some((event) => event.kind === "reissued" && event.job === "encode")).toBe(true);
});
