import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { concept, trainingFolder } from "../../test/training-run.ts";
import { tinySdFolder } from "../assets/index.ts";
import type { SweepEvent } from "./events.ts";
import { readSweep } from "./file.ts";
import { planRuns } from "./plan.ts";
import { sweep } from "./run.ts";

const { work, write } = trainingFolder();

const train = `
[train]
pretrained_model_name_or_path = ${JSON.stringify(tinySdFolder)}
image_dir = ${JSON.stringify(concept)}
caption_extension = ".txt"
resolution = 64
token_string = "vexla"
init_word = "ring"
max_train_steps = 4
cache_latents = true
no_metadata = true
report_images = "none"
device = "cpu"
threads = 1
`;

async function eventsOf(
  file: string,
  folder: string,
  during: (event: SweepEvent) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
) {
  const events: SweepEvent[] = [];
  for await (const event of sweep(file, ["--output_dir", folder], {
    signal,
    queueOf: () => undefined,
    version: "1.2.3",
  })) {
    events.push(event);
    during(event);
  }
  return events;
}

function tableOf(events: readonly SweepEvent[]) {
  const last = events.at(-1);
  if (last?.kind !== "table") throw new Error("the sweep did not end with a table");
  return last;
}

test("a sweep that is interrupted within a run goes on there, and ends in the bytes of one that was not", async () => {
  const file = write("rates.toml", `${train}[axes]\nlearning_rate = [1e-3, 2e-2]\n`);
  const [whole, cut] = [path.join(work, "whole"), path.join(work, "cut")];
  const uncut = tableOf(await eventsOf(file, whole));
  expect(uncut.isComplete).toBe(true);

  const stop = new AbortController();
  const first = await eventsOf(
    file,
    cut,
    (event) => {
      if (event.kind === "progress" && event.step === 2 && event.run.includes("0.02")) stop.abort();
    },
    stop.signal,
  );
  expect(tableOf(first).isComplete).toBe(false);
  const [, stopped] = first.filter((event) => event.kind === "ended");
  expect(stopped?.result.outcome).toBe("stopped");

  const second = await eventsOf(file, cut);
  expect(second.find((event) => event.kind === "sweep")?.done).toBe(1);
  expect(second.filter((event) => event.kind === "progress").map(({ step }) => step)).toEqual([3, 4]);
  const rest = tableOf(second);
  expect(rest.isComplete).toBe(true);
  for (const { run } of uncut.rows) {
    const bytes = (folder: string) => readFileSync(path.join(folder, run.name, "vexla.safetensors"));
    expect(bytes(cut)).toEqual(bytes(whole));
  }
  const figures = (table: typeof rest) => table.rows.map(({ run, result }) => [run.labels, result?.figures?.loss]);
  expect(figures(rest)).toEqual(figures(uncut));
  // nothing but results is left
  expect(existsSync(path.join(cut, rest.rows[0]!.run.name, "vexla-state"))).toBe(false);
});

test("a run that fails is told, the others are trained, and calling the sweep again tries it again", async () => {
  const file = write(
    "words.toml",
    `${train}[axes]\n[[axes.word]]\nlabel = "taken"\ntoken_string = "cat"\n[[axes.word]]\nlabel = "free"\ntoken_string = "vexla"\n`,
  );
  const folder = path.join(work, "words");
  const table = tableOf(await eventsOf(file, folder));
  expect(table.isComplete).toBe(false);
  expect(table.rows.map(({ run, result }) => [run.labels, result?.outcome, result?.problem?.code])).toEqual([
    [["free"], "done", undefined],
    [["taken"], "failed", "TOKEN_EXISTS"],
  ]);
  const again = await eventsOf(file, folder);
  expect(again.filter((event) => event.kind === "begin").map(({ labels }) => labels)).toEqual([["taken"]]);
  const page = readFileSync(path.join(folder, "sweep.html"), "utf8");
  expect(page).toContain("TOKEN_EXISTS");
  expect(page).not.toContain("<script");
  const data = JSON.parse(readFileSync(path.join(folder, "sweep.json"), "utf8"));
  expect(data.runs[0]).toMatchObject({ axes: { word: "free" }, outcome: "done", file: "vexla.safetensors" });
});

test("axes are combined, the last varies fastest; tables set several flags; settings that change a run change its folder", async () => {
  const axes = `[axes]\nseed = [1, 2]\n[[axes.concept]]\ntoken_string = "vexla"\ninit_word = "ring"\n[[axes.concept]]\ntoken_string = "vexlb"\ninit_word = "star"\n`;
  const file = write("grid.toml", `${train.replace(/^(token_string|init_word).*\n/gm, "")}${axes}`);
  const { runs } = await planRuns(await readSweep(file, []), work);
  expect(runs.map(({ labels }) => labels.join())).toEqual(["1,vexla", "1,vexlb", "2,vexla", "2,vexlb"]);
  expect(runs[1]!.values.get("init_word")).toBe("star");
  expect(runs[0]!.batch === runs[2]!.batch).toBe(false);
  const names = async (...words: string[]) =>
    (await planRuns(await readSweep(file, words), work)).runs.map(({ name }) => name);
  expect(await names("--threads", "2")).toEqual(runs.map(({ name }) => name));
  expect(await names("--max_train_steps", "5")).not.toEqual(runs.map(({ name }) => name));
});

test.each([
  ["a flag that nobody has", "[axes]\nlearning_rat = [1]\n", "SETTINGS_FILE_INVALID", "learning_rate"],
  ["a value that is none", '[axes]\nseed = ["x"]\n', "SETTINGS_FILE_INVALID", "seed"],
  ["an axis without a list", "[axes]\nseed = 1\n", "SWEEP_INVALID", "list"],
  ["the same point twice", "[axes]\nseed = [1, 1]\n", "SWEEP_INVALID", "twice"],
  ["two axes that set one flag", "[axes]\nseed = [1, 2]\n[[axes.other]]\nseed = 3\n", "SWEEP_INVALID", "both set seed"],
  ["a folder that is the sweep's", '[axes]\noutput_dir = ["a", "b"]\n', "SWEEP_INVALID", "output_dir"],
  ["a run of its own", '[axes]\nrun = ["a", "b"]\n', "SWEEP_INVALID", "run"],
  ["a table that nobody has", "[axis]\nseed = [1]\n", "SWEEP_INVALID", "axes"],
  ["no axes", "", "SWEEP_INVALID", "axes"],
  ["too many runs", `[axes]\nseed = [${[...Array(1001).keys()]}]\n`, "SWEEP_INVALID", "1001"],
])("%s is refused before anything is trained", async (name, text, code, said) => {
  const file = write("bad.toml", `${train}${text}`);
  const read = async () => planRuns(await readSweep(file, []), work);
  await expect(read()).rejects.toMatchObject({ code });
  await expect(read()).rejects.toSatisfy(
    (error: Error & { hint?: string }) => `${error.message} ${error.hint}`.includes(said),
    name,
  );
});
