import { expect, test } from "vitest";
import type { Entry } from "../../../runs/index.ts";
import { isEnough, type Sharing, sharingAfter } from "./sharing.ts";

const entry = (event: object) => ({ seq: 1, time: 1, ...event }) as unknown as Entry;
const after = (...events: readonly object[]) =>
  events.reduce<Sharing | undefined>((sharing, event) => sharingAfter(sharing, entry(event)), undefined);

const step = (results: readonly object[], more: object = {}) => ({
  kind: "step",
  imageKeys: ["a", "b", "c", "d"],
  cluster: { results, waitMs: 250, ...more },
});

test("a run that nobody shares has no machines", () => {
  expect(after({ kind: "opened" }, { kind: "step", imageKeys: [] })).toBeUndefined();
});

test("the machines of a run, how fast they are and who is not used", () => {
  const sharing = after(
    { kind: "workerJoined", worker: "b", device: "cpu" },
    { kind: "workerRefused", worker: "c", why: "other weights" },
    step([
      { worker: "b", samples: 1, ms: 500 },
      { worker: "a", samples: 3, ms: 1000 },
    ]),
    { kind: "workerLeft", worker: "a" },
  )!;
  expect(sharing.workers.map(({ name, state, samples, rate }) => [name, state, samples, rate])).toEqual([
    ["a", "left", 3, 3],
    ["b", "there", 1, 2],
    ["c", "refused", 0, undefined],
  ]);
  expect(sharing.waitSeconds).toBe(0.25);
  expect(isEnough(sharing)).toBe(false);
});

test("more workers are no help where a step has more than four times the noise scale", () => {
  const results = [{ worker: "a", samples: 4, ms: 1 }];
  expect(isEnough(after(step(results, { gradientNoiseScale: 0.9 }))!)).toBe(true);
  expect(isEnough(after(step(results, { gradientNoiseScale: 1.1 }))!)).toBe(false);
});

test("a queue that is out of reach is told until it is back, and a run that is opened anew begins alone", () => {
  const down = { kind: "queueDown", why: "no answer", seconds: 0 };
  expect(after(down)!.down).toBe("no answer");
  expect(after(down, { kind: "queueBack", seconds: 3 })!.down).toBeUndefined();
  expect(after(down, { kind: "opened" })).toBeUndefined();
});
