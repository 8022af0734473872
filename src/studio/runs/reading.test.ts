import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { studioRoutes } from "../../../test/studio.ts";
import { type WrittenRun, writtenRun } from "../../../test/written-run.ts";

const { ask, work } = studioRoutes();
const newRun = (name: string) => writtenRun(path.join(work, "runs"), name);

const step = (number: number, loss: number | null = number / 10) => ({
  ...{ step: number, steps: 40, epoch: 1, epochs: 1, loss, averageLoss: 0.5, lr: 0.01, rowNorm: 0.4, distance: 0.1 },
});

/** Writes a file of a kind into a run's folder. */
function put(run: WrittenRun, kind: "checkpoints" | "samples", name: string, text = "x"): string {
  const file = path.join(run.places[kind], name);
  writeFileSync(file, text);
  return file;
}

test("what a run has is told by its files and its journal", async () => {
  const run = await newRun("cat");
  writeFileSync(
    run.places.config,
    'token_string = "cat"\nmax_train_steps = 40\npretrained_model_name_or_path = "a/b"\n',
  );
  run.write("opened", { pid: 1, host: "here", version: "1" });
  run.write("start", { run: { steps: 40 } });
  run.write("step", step(1));
  run.write("saved", { file: put(run, "checkpoints", "cat-step00000020.safetensors"), step: 20, isFinal: false });
  run.write("saved", { file: "/elsewhere/cat-000003.safetensors", step: 30, isFinal: false });
  put(run, "checkpoints", "cat-000003.safetensors", "123");
  const image = { prompt: "a cat", index: 0, step: 20, epoch: 1, seed: 42, width: 64, height: 64 };
  run.write("sample", { file: put(run, "samples", "cat_20.png"), ...image });
  run.write("sample", { file: path.join(run.places.samples, "deleted.png"), ...image });
  const candidates = [
    { name: "last", step: 40, loss: 1 },
    { name: "best", step: 35, loss: 0.9 },
  ];
  run.write("choice", { step: 40, chosen: "best", candidates });
  run.write("saved", { file: put(run, "checkpoints", "cat.safetensors"), step: 40, isFinal: true });
  run.write("saved", { file: put(run, "checkpoints", "cat-last.safetensors"), step: 40, isFinal: false });
  put(run, "checkpoints", "cat.report.html");
  put(run, "checkpoints", ".cat.part");
  const seq = run.write("closed", { outcome: "done" });

  const { run: row, about } = (await (await ask("GET", `/api/runs/${run.id}`)).json()) as never as {
    run: object;
    about: object;
  };
  expect(row).toMatchObject({ id: run.id, state: "done", seq });
  expect(about).toMatchObject({
    record: { id: run.id, name: "cat", wanted: "run" },
    settings: { token_string: "cat", max_train_steps: 40 },
    model: "a/b",
    checkpoints: [
      { name: "cat-step00000020.safetensors", step: 20, kind: "step", bytes: 1 },
      { name: "cat-000003.safetensors", step: 30, kind: "step", bytes: 3 },
      { name: "cat.safetensors", step: 35, kind: "best", bytes: 1 },
      { name: "cat-last.safetensors", step: 40, kind: "last", bytes: 1 },
    ],
    samples: [{ name: "cat_20.png", step: 20, prompt: "a cat", seed: 42, width: 64, height: 64 }],
    marks: { stars: [], note: "", exports: [] },
    report: true,
    seq,
  });
});

test("a page that is opened late gets every message but those of steps and memory", async () => {
  const run = await newRun("dog");
  run.write("opened", { pid: 1, host: "here", version: "1" });
  run.write("step", step(1));
  run.write("memory", { rssBytes: 1 });
  run.write("warning", { code: "OLD", message: "old" });
  const entries = async (query = "") =>
    ((await (await ask("GET", `/api/runs/${run.id}/events${query}`)).json()) as { entries: { kind: string }[] })
      .entries;
  expect((await entries()).map(({ kind }) => kind)).toEqual(["opened", "warning"]);
  run.write("warning", { code: "NEW", message: "new" });
  expect(await entries("?after=4")).toMatchObject([{ seq: 5, code: "NEW" }]);
  expect((await ask("GET", `/api/runs/${run.id}/events?after=x`)).status).toBe(400);
  for (let i = 0; i < 2005; i++) run.write("warning", { code: "MANY", message: "" });
  expect(await entries()).toHaveLength(2000);
});

test("the table has at most so many rows, from the first to the last, with the evaluations between them", async () => {
  const run = await newRun("cup");
  for (let i = 1; i <= 1000; i++) {
    run.write("step", step(i, i === 500 ? null : i / 1000));
    if (i % 100 === 0) run.write("evaluation", { step: i, loss: i });
  }
  const rows = async (query: string) =>
    ((await (await ask("GET", `/api/runs/${run.id}/table?${query}`)).json()) as { rows: { step: number }[] }).rows;
  const all = await rows("");
  expect(all).toHaveLength(200);
  expect([all[0], all.at(-1)]).toMatchObject([{ step: 1 }, { step: 1000, loss: 1, evaluation: 1000, lr: 0.01 }]);
  expect(all.filter((row) => (row as { evaluation?: number }).evaluation !== null)).toHaveLength(10);
  expect((await rows("from=10&to=12")).map((row) => row.step)).toEqual([10, 11, 12]);
  expect((await rows("from=10&to=20&rows=1")).map((row) => row.step)).toEqual([20]);
  expect(await rows("from=2000")).toEqual([]);
  expect((await ask("GET", `/api/runs/${run.id}/table?rows=201`)).status).toBe(400);
});

test("the smoothed loss is the mean of the first forty steps, and then follows the loss slowly", async () => {
  const run = await newRun("smooth");
  for (let i = 1; i <= 41; i++) run.write("step", step(i, i === 41 ? 0.6 : i % 2));
  const answer = await ask("GET", `/api/runs/${run.id}/curves`);
  const { curves } = (await answer.json()) as { curves: Record<string, { steps: number[]; values: number[] }> };
  const { steps, values } = curves.smoothLoss!;
  expect(steps).toHaveLength(41);
  expect([values[0], values[1], values[39]]).toEqual([1, 0.5, expect.closeTo(0.5)]);
  expect(values[40]).toBeCloseTo(0.5 + (0.6 - 0.5) / 40);
});

test("the end of what a run has said is told, and nothing of one that has said nothing", async () => {
  const run = await newRun("talk");
  const lines = async () =>
    ((await (await ask("GET", `/api/runs/${run.id}/console`)).json()) as { lines: readonly string[] }).lines;
  expect(await lines()).toEqual([]);
  writeFileSync(run.places.console, Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join(""));
  expect([(await lines())[0], (await lines()).at(-1), (await lines()).length]).toEqual(["line 100", "line 299", 200]);
});

test("a run that is not there is said to be missing, a damaged one and one of a later version are shown with the reason", async () => {
  for (const target of ["nothing", "nothing/events", "nothing/table", "nothing/curves"])
    expect((await ask("GET", `/api/runs/${target}`)).status).toBe(404);
  const [damaged, later] = [await newRun("damaged"), await newRun("later")];
  writeFileSync(damaged.places.record, "{");
  writeFileSync(later.places.record, JSON.stringify({ schema: 2 }));
  for (const [run, code] of [
    [damaged, "RUN_UNREADABLE"],
    [later, "RUN_NEWER"],
  ] as const) {
    const answer = await ask("GET", `/api/runs/${run.id}`);
    expect(await answer.json()).toMatchObject({ run: { id: run.id, problem: { code } } });
    expect((await ask("POST", `/api/runs/${run.id}/stop`, { body: {} })).status).toBe(code === "RUN_NEWER" ? 409 : 400);
  }
});

test("steps are starred and no longer, once each, also when two are starred at once", async () => {
  const run = await newRun("star");
  const star = async (step: number, isStarred: boolean) =>
    ((await (await ask("POST", `/api/runs/${run.id}/star`, { body: { step, isStarred } })).json()) as { marks: object })
      .marks;
  await Promise.all([star(30, true), star(10, true), star(10, true), star(20, true)]);
  expect(await star(20, false)).toMatchObject({ stars: [10, 30] });
  const { about } = (await (await ask("GET", `/api/runs/${run.id}`)).json()) as { about: { marks: object } };
  expect(about.marks).toMatchObject({ stars: [10, 30] });
  writeFileSync(run.places.marks, "{");
  expect(await star(5, true)).toMatchObject({ stars: [5] });
});

test("a run that wanted more memory than there was says so, and one that cannot be had in less is not made again", async () => {
  const run = await newRun("large");
  writeFileSync(run.places.config, 'token_string = "large"\ngradient_checkpointing = true\n');
  run.write("opened", { pid: 1, host: "here", version: "1" });
  run.write("start", { run: { steps: 40, batchSize: 1, accumulationSteps: 1, dataset: { datasets: [] } } });
  run.write("closed", { outcome: "failed", problem: { code: "OUT_OF_MEMORY", message: "no" } });
  expect(await (await ask("GET", `/api/runs/${run.id}`)).json()).toMatchObject({ run: { isForMemory: true } });
  const answer = await ask("POST", `/api/runs/${run.id}/again`, { body: { lessMemory: true } });
  expect([answer.status, await answer.json()]).toMatchObject([409, { problem: { code: "RUN_SMALLEST" } }]);
});
