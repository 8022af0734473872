import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { eventsOf, ofKind, quickPx, trainingFolder } from "../../../test/training-run.ts";
import { type TrainingEvent, train } from "../index.ts";
import { freeOldName } from "./names.ts";

const { work, settingsFor } = trainingFolder({ sizePx: quickPx });

const settingsIn = (folder: string, ...flags: string[]) =>
  settingsFor("--cache_latents", "--save_model_as", "pt", "--output_dir", path.join(work, folder), ...flags);
const wordIn = (folder: string, name = "vexla") => readFileSync(path.join(work, folder, `${name}.pt`));
const namesIn = (folder: string) => readdirSync(path.join(work, folder));
const keptIn = (events: readonly TrainingEvent[]) =>
  ofKind(events, "warning").filter(({ code }) => code === "OUTPUT_KEPT");

test("files of an earlier run are kept under another name, which is said once, before the start", async () => {
  const folder = "again";
  await eventsOf(await settingsIn(folder, "--max_train_steps", "2", "--save_every_n_steps", "1"));
  const trained = wordIn(folder);
  // zero steps: the result is the initial embedding itself
  const again = await eventsOf(await settingsIn(folder, "--max_train_steps", "0"));
  expect(wordIn(folder, "vexla-old1").equals(trained)).toBe(true);
  expect(wordIn(folder).equals(trained)).toBe(false);
  const [before, ...more] = keptIn(again);
  expect(before!.message).toMatch(
    /left vexla-step00000001\.pt, vexla-step00000002\.pt, vexla\.pt in .* kept as vexla-old1/,
  );
  expect(again.indexOf(before!)).toBeLessThan(again.findIndex(({ kind }) => kind === "start"));
  expect(more).toEqual([]);

  // other settings make another word: earlier step saves are kept too, and pruning removes only the run's own
  const other = [
    "--learning_rate",
    "1e-3",
    "--max_train_steps",
    "2",
    "--save_every_n_steps",
    "2",
    "--save_last_n_steps",
    "1",
  ];
  writeFileSync(path.join(work, folder, "vexla-step00000000.pt"), "of another run");
  await eventsOf(await settingsIn(folder, ...other));
  expect(readdirSync(path.join(work, folder)).sort()).toEqual([
    ...["vexla-old1.pt", "vexla-old2-step00000002.pt", "vexla-old2.pt"],
    ...["vexla-step00000000.pt", "vexla-step00000001.pt", "vexla-step00000002.pt", "vexla.pt"],
  ]);

  await eventsOf(await settingsIn(folder, "--max_train_steps", "0", "--overwrite"));
  expect(readdirSync(path.join(work, folder))).toHaveLength(7);
});

test("the same run again replaces its files, for they hold the same", async () => {
  const flags = ["--save_model_as", "safetensors", "--save_state_on_train_end", "--max_train_steps", "1"];
  const first = await eventsOf(await settingsIn("same", ...flags));
  const second = await eventsOf(await settingsIn("same", ...flags));
  expect(keptIn(first)).toEqual([]);
  expect(keptIn(second)).toHaveLength(1);
  expect(readdirSync(path.join(work, "same"))).toEqual(["vexla-state", "vexla.safetensors"]);
});

test("a run that goes on replaces what it wrote before; one that goes on from earlier keeps what was trained longer", async () => {
  const flags = ["--save_every_n_steps", "1", "--save_state"];
  const stop = new AbortController();
  for await (const event of train(
    { settings: await settingsIn("on", ...flags), warnings: [] },
    { signal: stop.signal },
  ))
    if (event.kind === "step" && event.step === 2) stop.abort();
  const resume = (state: string, steps: number) => [
    ...flags,
    "--resume",
    path.join(work, "on", state),
    "--max_train_steps",
    String(steps),
  ];
  const rest = await eventsOf(await settingsIn("on", ...resume("vexla-state", 3)));
  expect(keptIn(rest)).toEqual([]);
  const longer = wordIn("on");
  expect(readdirSync(path.join(work, "on")).filter((name) => name.includes("old"))).toEqual([]);

  const shorter = await eventsOf(await settingsIn("on", ...resume("vexla-step00000001-state", 2)));
  expect(keptIn(shorter)).toHaveLength(1);
  expect(wordIn("on", "vexla-old1").equals(longer)).toBe(true);
  expect(readdirSync(path.join(work, "on")).filter((name) => name.includes("old"))).toEqual([
    "vexla-old1-state",
    "vexla-old1.pt",
  ]);
});

test("a run that goes on prunes what it has written before, and nothing of another run", async () => {
  const flags = ["--save_every_n_steps", "1", "--save_last_n_steps", "1", "--save_state", "--max_train_steps", "2"];
  await eventsOf(await settingsIn("pruned", ...flags));
  const [own, ownState] = ["vexla-step00000001.pt", "vexla-step00000001-state"];
  expect(namesIn("pruned")).toEqual(expect.arrayContaining([own, ownState]));
  const resume = ["--resume", path.join(work, "pruned", "vexla-step00000002-state")];
  cpSync(path.join(work, "pruned"), path.join(work, "shared"), { recursive: true });
  const rest = await eventsOf(await settingsIn("pruned", ...flags, ...resume, "--max_train_steps", "3"));
  expect(ofKind(rest, "removed").map(({ file }) => path.basename(file))).toEqual([own, ownState]);

  await eventsOf(await settingsIn("other", ...flags, "--seed", "2"));
  for (const name of [own, ownState]) {
    rmSync(path.join(work, "shared", name), { recursive: true });
    cpSync(path.join(work, "other", name), path.join(work, "shared", name), { recursive: true });
  }
  const beside = await eventsOf(await settingsIn("shared", ...flags, ...resume, "--max_train_steps", "3"));
  expect(ofKind(beside, "removed")).toEqual([]);
  expect(namesIn("shared")).toEqual(expect.arrayContaining([own, ownState]));
});

test("the first free number is taken", async () => {
  const outputDir = path.join(work, "numbers");
  mkdirSync(outputDir);
  const settings = { outputDir, outputName: "cat" };
  expect(await freeOldName(settings)).toBe("cat-old1");
  for (const name of ["cat-old1-step00000004.pt", "cat-old3.pt", "cat-old22-state"])
    writeFileSync(path.join(outputDir, name), "");
  expect(await freeOldName(settings)).toBe("cat-old2");
});
