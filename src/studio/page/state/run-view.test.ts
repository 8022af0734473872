import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { trainedRuns } from "../../../../test/studio-run.ts";
import { trainingFolder } from "../../../../test/training-run.ts";
import { aboutRun, type Entry, RunHistory, type RunPlaces } from "../../../runs/index.ts";
import { openView, type RunView, sampleStrips, slowDrawing, takeCurves, takeEntry, verdictOf } from "./index.ts";

const { work } = trainingFolder();
const places = await trainedRuns()(work, "seen", "--eval_every_n_steps", "2", "--sample_every_n_steps", "5");
const all = entriesOf(places);

function entriesOf({ journal }: RunPlaces): Entry[] {
  return readFileSync(journal, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);
}

/** The studio's answers after a number of events: from its own code, on a journal of that many lines. */
const about = await aboutRun(places, await caughtUp(places));

async function caughtUp(of: RunPlaces): Promise<RunHistory> {
  const history = new RunHistory(of);
  await history.catchUp();
  return history;
}

const isMessage = ({ kind }: Entry) => kind !== "step" && kind !== "memory";
const nothing = openView({ ...about, checkpoints: [], samples: [], report: false, seq: 0 }, { seq: 0, curves: {} }, []);
const replayed = (entries: readonly Entry[], from: RunView = nothing) => entries.reduce(takeEntry, from);

/** The view of a page that reads at three moments, and then gets every event after the first. */
function openedAt(first: number, second: number, third: number): RunView {
  const known = replayed(all.slice(0, first));
  const curves = { seq: second, curves: replayed(all.slice(0, second)).curves.of };
  const view = openView({ ...known.about, seq: first }, curves, all.slice(0, third).filter(isMessage));
  return replayed(all.slice(first), view);
}

test("a page that was there from the beginning has what the studio tells one that comes at the end", async () => {
  const history = await caughtUp(places);
  const view = replayed(all);
  expect(view.curves).toEqual({ of: history.curves(4000), isSparse: false });
  expect(view.about.samples).toEqual(about.samples);
  expect(view.about.report).toBe(about.report);
  expect(view.about.checkpoints.map(({ name, step }) => [name, step]).sort()).toEqual(
    about.checkpoints.map(({ name, step }) => [name, step]).sort(),
  );
  expect(view.evaluations.map(({ step }) => step)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(view.pace).toMatchObject({ step: 10, steps: 10 });
  expect(view.start?.usualNorm).toBeGreaterThan(0);
  expect(view.keptStep).toBe(10);
  const { seq: _, ...late } = openView(about, { seq: history.seq, curves: history.curves(4000) }, history.messages(0));
  expect(late).toMatchObject({ evaluations: view.evaluations, messages: view.messages, keptStep: 10 });
});

test("whenever a page asks, and however its answers overlap with what it hears, it comes to the same", () => {
  const whole = replayed(all);
  const moment = fc.nat(all.length);
  fc.assert(
    fc.property(moment, moment, moment, (...moments) => {
      const [first, second, third] = moments.sort((a, b) => a - b) as [number, number, number];
      const { curves, evaluations, messages, about, seq, keptStep } = openedAt(first, second, third);
      expect({ curves, evaluations, messages, about, seq, keptStep }).toEqual({
        ...{ curves: whole.curves, evaluations: whole.evaluations, messages: whole.messages },
        ...{ about: { ...whole.about, seq: about.seq }, seq: whole.seq, keptStep: whole.keptStep },
      });
    }),
  );
});

test("an event that is known changes nothing", () => {
  const view = replayed(all);
  for (const entry of all) expect(takeEntry(view, entry)).toBe(view);
});

test("a run that goes on from a state forgets what came after it", () => {
  const view = replayed(all);
  const start = all.find((entry) => entry.kind === "start")!;
  const resumed = { ...start.run, resumed: { folder: "state", step: 5, epoch: 1 } };
  const back = takeEntry(view, { ...start, run: resumed, seq: view.seq + 1 });
  expect(back.curves.of.loss?.steps).toEqual([1, 2, 3, 4, 5]);
  expect(back.curves.of.evaluation?.steps).toEqual([0, 2, 4]);
  expect(back.evaluations.map(({ step }) => step)).toEqual([0, 2, 4]);
  expect(back.keptStep).toBe(5);
});

test("steps that were not told make the curves sparse, until they are read anew", async () => {
  const told = all.filter((entry) => entry.kind !== "step" || entry.step % 3 === 1);
  const view = replayed(told.slice(0, -1));
  expect(view.curves.of.loss?.steps).toEqual([1, 4, 7, 10]);
  expect(view.curves.isSparse).toBe(true);
  const history = await caughtUp(places);
  const read = { seq: history.seq, curves: history.curves(4000) };
  expect(takeCurves(view, read).curves).toEqual({ of: read.curves, isSparse: false });
  // read before the page got the last steps
  const early = { seq: 0, curves: { loss: { steps: [1, 2, 3, 4, 5], values: [1, 1, 1, 1, 1] } } };
  expect(takeCurves(view, early).curves.of.loss?.steps).toEqual([1, 2, 3, 4, 5, 7, 10]);
});

test("what drawing costs is counted from the start of training, and anew when it is told to draw less often", () => {
  const { drawing, seq } = replayed(all);
  expect(drawing.images).toBe(all.filter(({ kind }) => kind === "sample").length);
  expect(drawing.ms).toBeGreaterThan(0);
  expect(drawing.runMs).toBeGreaterThanOrEqual(drawing.ms);
  const answer = { kind: "answer", id: "1", command: "set", time: all.at(-1)!.time, seq: seq + 1 } as const;
  expect(takeEntry(replayed(all), answer).drawing).toMatchObject({ images: 0, ms: 0, runMs: 0 });
});

test("an image that was asked for is known until it is drawn or given up, or its process has ended", () => {
  const { seq } = replayed(all);
  const time = all.at(-1)!.time;
  const ask = (n: number, prompt: string) => ({ kind: "asked", id: `c${n}`, prompt, time, seq: seq + n }) as const;
  const two = [ask(1, "a photo of vexla --w 64 --h 64"), ask(2, "vexla in snow")].reduce(takeEntry, replayed(all));
  expect(two.asked).toEqual([
    { id: "c1", prompt: "a photo of vexla" },
    { id: "c2", prompt: "vexla in snow" },
  ]);
  const answer = {
    kind: "answer",
    id: "c1",
    command: "sample",
    problem: "It was given up.",
    time,
    seq: seq + 3,
  } as const;
  expect(takeEntry(two, answer).asked.map(({ id }) => id)).toEqual(["c2"]);
  const end = { kind: "closed", outcome: "stopped", time, seq: seq + 3 } as const;
  expect(takeEntry(two, end).asked).toEqual([]);
});

test("what drawing costs is the same when the clock of the machine is set meanwhile", () => {
  const setEvery = (hours: number) => all.map((entry, i) => ({ ...entry, time: entry.time + i * hours * 3_600_000 }));
  for (const hours of [-3, 3]) expect(replayed(setEvery(hours)).drawing).toEqual(replayed(all).drawing);
});

test("how much less often a run should draw is reckoned from how often it draws now", () => {
  const slow = (from: RunView): RunView => {
    const each = (i: number) =>
      [
        { kind: "sampling", upMs: 10_000 * i },
        { kind: "sample", upMs: 10_000 * i + 5000, file: `${i}.png`, prompt: "", seed: 1, width: 8, height: 8 },
      ].map((event) => ({ ...event, index: 0, step: i, epoch: 1, time: 0 }));
    const events = [0, 1, 2, 3].flatMap(each);
    return events.reduce((view, event) => takeEntry(view, { ...event, seq: view.seq + 1 } as Entry), from);
  };
  const told = (from: RunView, more: object) =>
    takeEntry(from, { kind: "answer", id: "1", command: "set", time: 0, upMs: 0, seq: from.seq + 1, ...more } as Entry);
  const begun = takeEntry(nothing, { ...all.find(({ kind }) => kind === "start")!, upMs: 0, seq: 1 });
  expect(slowDrawing(begun)).toBeUndefined();
  // 20 of 35 seconds
  expect(slowDrawing(slow(begun))).toEqual({ share: 20 / 35, every: 12 * 5 });
  expect(slowDrawing(slow(told(begun, { sampleEvery: 60 })))).toEqual({ share: 20 / 35, every: 12 * 60 });
  expect(slowDrawing(slow(told(begun, { sampleEvery: 60, problem: "no" })))?.every).toBe(12 * 5);
  expect(slowDrawing(slow(told(begun, { sampleEvery: 0 })))).toBeUndefined();
  // resumed since: the record has kept the interval
  const kept = { ...begun, about: { ...begun.about, record: { ...begun.about.record, sampleEvery: 60 } } };
  expect(slowDrawing(slow(kept))?.every).toBe(12 * 60);
});

test("samples stand in strips of one prompt and seed, a step once", () => {
  const sample = { prompt: "a vexla", seed: 1, step: 5, width: 64, height: 64 };
  const strips = sampleStrips([
    { ...sample, name: "b" },
    { ...sample, name: "a", step: 0 },
    { ...sample, name: "c", seed: 2 },
    { ...sample, name: "d" },
  ]);
  expect(strips.map(({ seed, samples }) => [seed, samples.map(({ name }) => name)])).toEqual([
    [1, ["a", "d"]],
    [2, ["c"]],
  ]);
});

const evaluation = (step: number, loss: number) => ({ step, loss, drop: 1 - loss, dropError: 0.05, itemLosses: [] });
const curvesOf = (rowNorm: number, distance: number, step = 100) => ({
  of: { rowNorm: { steps: [step], values: [rowNorm] }, distance: { steps: [step], values: [distance] } },
  isSparse: false,
});
const start = { ...replayed(all).start!, usualNorm: 0.4 };

test.each([
  ["early", [1], curvesOf(0.4, 0.1, 3)],
  ["learning", [1, 0.9, 0.8], curvesOf(0.5, 0.3)],
  ["settled", [1, 0.7, 0.69, 0.7, 0.695, 0.69], curvesOf(0.5, 0.3)],
  ["worse", [1, 0.7, 0.8, 0.85], curvesOf(0.5, 0.3)],
  ["still", [1, 0.99, 1.01, 0.98, 1], curvesOf(0.5, 0.3)],
  ["unmoved", [1, 0.99, 1.01, 0.98, 1], curvesOf(0.5, 0.01)],
  ["drifting", [1, 0.9, 0.8], curvesOf(4.4, 4)],
  ["unmeasured", [], curvesOf(0.5, 0.3)],
])("a run is said to be %s", (kind, losses, curves) => {
  const evaluations = losses.map((loss, i) => evaluation(10 * i, loss));
  expect(verdictOf({ evaluations, curves, start }).kind).toBe(kind);
});
