import { expect, test } from "vitest";
import type { ClusterFigures, StepEvent } from "../training/index.ts";
import { clusterLine, Sharing, sharedStepText } from "./sharing.ts";

const figures: ClusterFigures = {
  ...{ workers: 2, jobs: 3, wallMs: 1000, slowestMs: 900, waitMs: 400, waitedFor: "slow", bytesOut: 1, bytesIn: 1 },
  results: [
    { worker: "fast", attempt: 1, samples: 2, ms: 300, digest: "a" },
    { worker: "slow", attempt: 1, samples: 2, ms: 900, digest: "b" },
    { worker: "fast", attempt: 2, samples: 1, ms: 200, digest: "c" },
  ],
};

const step = (cluster: ClusterFigures) =>
  ({ kind: "step", cluster, imageKeys: ["a", "b", "c", "d", "e"] }) as unknown as StepEvent;

test("a shared step says how many workers it had, how busy they were and how long they waited", () => {
  expect(sharedStepText(figures)).toBe("2 workers, efficiency 70 %, waiting 0.4 s/step");
});

test("a shared run says at its end who computed what, what slowed it, and whether more workers would help", () => {
  const sharing = new Sharing();
  sharing.note(step(figures));
  sharing.note({ kind: "reissued", step: 2, index: 0, why: "it was lost" });
  sharing.note(step({ ...figures, waitMs: 100, waitedFor: "fast", gradientNoiseScale: 1 }));
  expect(sharing.summary()).toEqual([
    "samples by worker: fast 6, slow 4; 1 job given out once more",
    "workers waited 0.25 s a step for others, 80 % of it for slow",
    "gradient noise scale 1 sample, 5 in a step: more workers would not shorten this run: fewer samples in a step teach as much",
  ]);
  expect(new Sharing().summary()).toEqual([]);
});

test("a queue that is away says since when", () => {
  const why = "The queue at redis://desk cannot be reached: no connection";
  expect(clusterLine({ kind: "queueDown", why, seconds: 0 })).toBe(`${why}; this machine goes on alone`);
  expect(clusterLine({ kind: "queueDown", why, seconds: 20 })).toBe(`${why} (for 20 s); this machine goes on alone`);
});
