import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { recordingTerminal } from "../../../test/terminal.ts";
import { trainingFolder } from "../../../test/training-run.ts";
import { changeRecord, type Entry, follow, placesOf, type RunPlaces, readRun, sendCommand } from "../../runs/index.ts";
import { runCommandLine } from "../run.ts";

const { work, flagsFor } = trainingFolder();
const root = path.join(work, "runs");
const main = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A command line of a run with --run. */
function runFlags(name: string, ...flags: readonly string[]): string[] {
  const all = flagsFor(...flags);
  const at = all.indexOf("--output_dir");
  return ["train", ...all.slice(0, at), ...all.slice(at + 2), "--run", name, "--runs_dir", root];
}

/** Starts a run in its own process. Returns the process and the run's folder. */
async function started(name: string, ...flags: readonly string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", main, ...runFlags(name, ...flags)], { stdio: "ignore" });
  let folder: string | undefined;
  while (folder === undefined && child.exitCode === null) {
    folder = existsSync(root) ? readdirSync(root).find((one) => one.endsWith(`_${name}`)) : undefined;
    await pause(50);
  }
  return { child, places: placesOf(path.join(root, folder!)) };
}

/** Waits for an event of a run. */
async function eventOf<Kind extends Entry["kind"]>(
  places: RunPlaces,
  kind: Kind,
  fits: (event: Extract<Entry, { kind: Kind }>) => boolean = () => true,
): Promise<Extract<Entry, { kind: Kind }>> {
  for await (const entry of follow(places, 0, { pollMs: 50 }))
    if (entry.kind === kind && fits(entry as Extract<Entry, { kind: Kind }>))
      return entry as Extract<Entry, { kind: Kind }>;
  throw new Error("following ends by its signal alone");
}

async function command(...words: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(words, terminal);
  return { code, results: terminal.results(), talked: terminal.talked() };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

test("a run obeys from outside, is held by one process, is lost at once when it is killed, and goes on from its state", async () => {
  const { child, places } = await started("lamp", "--max_train_steps", "100000");
  const id = path.basename(places.folder);
  await eventOf(places, "step");
  expect(await readRun(places)).toMatchObject({ state: "running", name: "lamp", word: "vexla", steps: 100000 });

  const second = await command("train", "--run", id, "--runs_dir", root);
  expect(second).toMatchObject({ code: 1, talked: expect.stringContaining("RUN_BUSY") });

  const drawing = await sendCommand(places, { command: "sample", prompt: "a vexla --w 64 --h 64 --s 1", seed: 3 });
  expect(await eventOf(places, "answer", (answer) => answer.id === drawing)).not.toHaveProperty("problem");
  const sample = await eventOf(places, "sample");
  expect(sample).toMatchObject({ seed: 3, width: 64 });
  expect(path.dirname(sample.file)).toBe(places.samples);
  const refused = await sendCommand(places, { command: "set", sampleEvery: 2 });
  expect((await eventOf(places, "answer", (answer) => answer.id === refused)).problem).toContain("sample prompts");
  const saving = await sendCommand(places, { command: "save" });
  await eventOf(places, "answer", (answer) => answer.id === saving);
  const { step, folder: state } = await eventOf(places, "stateSaved");

  await killed(child);
  expect(await readRun(places)).toMatchObject({ state: "lost", cause: expect.stringMatching(/\w/) });
  const listed = await command("runs", "--runs_dir", root);
  expect(listed.results).toMatch(new RegExp(`^${id} +lost +step \\d+/100000`));
  expect(listed.results).toContain(`train --run ${id}`);

  const resumed = await command("train", "--run", id, "--runs_dir", root, "--max_train_steps", String(step + 2));
  expect(resumed.code).toBe(0);
  expect(resumed.talked).toContain(`continued from ${state}`);
  expect(await eventOf(places, "start", ({ run }) => run.resumed !== undefined)).toMatchObject({
    run: { resumed: { step }, steps: step + 2 },
  });
  expect(await readRun(places)).toMatchObject({ state: "done", step: step + 2 });
  expect(await command("train", "--run", id, "--runs_dir", root)).toMatchObject({
    code: 1,
    talked: expect.stringContaining("RUN_ENDED"),
  });
}, 300_000);

test("a run that was told to draw nothing can be told to draw again, also once it goes on", async () => {
  const prompts = path.join(work, "drawn.txt");
  writeFileSync(prompts, "a vexla --w 64 --h 64 --s 1 --d 5\n");
  const drawing = ["--sample_prompts", prompts, "--sample_every_n_steps", "1"];
  expect(await command(...runFlags("mug", "--max_train_steps", "2", ...drawing))).toMatchObject({ code: 0 });
  const id = readdirSync(root).find((one) => one.endsWith("_mug"))!;
  const places = placesOf(path.join(root, id));
  await changeRecord(places, (record) => ({ ...record, sampleEvery: 0 }));
  const words = ["train", "--run", id, "--runs_dir", root, "--max_train_steps", "100000"];
  const child = spawn(process.execPath, ["--import", "tsx", main, ...words], { stdio: "ignore" });
  await eventOf(places, "step", ({ step }) => step === 4);
  const asked = await sendCommand(places, { command: "set", sampleEvery: 1 });
  expect(await eventOf(places, "answer", (answer) => answer.id === asked)).not.toHaveProperty("problem");
  const sample = await eventOf(places, "sample", ({ step }) => step > 2);
  // no earlier sample was drawn
  expect(sample.step).toBeGreaterThanOrEqual(4);
  await killed(child);
}, 300_000);

test("a run that is stopped now and continued learns what one learns that was not, and its settings repeat it", async () => {
  const length = ["--max_train_steps", "40"];
  const { child, places } = await started("vase", ...length);
  const ended = once(child, "exit");
  await eventOf(places, "step", ({ step }) => step === 2);
  const stopped = await command("stop", "vase", "--now", "--runs_dir", root);
  expect(stopped).toMatchObject({ code: 0, talked: expect.stringContaining("stopped after step") });
  await ended;
  expect(await readRun(places)).toMatchObject({ state: "stopped" });
  expect((await command("stop", "vase", "--runs_dir", root)).talked).toContain("nothing to stop");
  expect((await command("train", "--run", path.basename(places.folder), "--runs_dir", root)).code).toBe(0);

  const repeated = await command("train", "--config_file", places.config, "--runs_dir", root);
  expect(repeated.code).toBe(0);
  const again = placesOf(repeated.results.trim().split(path.sep).slice(0, -2).join(path.sep));
  expect(path.basename(again.folder)).toMatch(/_vase(_2)?$/);
  expect(again.folder).not.toBe(places.folder);
  const [a, b] = [places, again].map(({ checkpoints }) => readFileSync(path.join(checkpoints, "vexla.safetensors")));
  expect(vectorsOf(a!)).toEqual(vectorsOf(b!));
}, 300_000);

/** The data of a .safetensors file, after its header. */
function vectorsOf(file: Buffer): Buffer {
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}

test("a run that cannot begin is kept as failed with what is wrong", async () => {
  const { code } = await command(...runFlags("cat", "--token_string", "cat"));
  expect(code).toBe(1);
  const [row] = (await command("runs", "--json", "--runs_dir", root)).results.trim().split("\n");
  expect(JSON.parse(row!)).toMatchObject({ name: "cat", state: "failed", problem: { code: "TOKEN_EXISTS" } });
  expect(JSON.parse(row!).lastWords.join("\n")).toContain("TOKEN_EXISTS");
});

test.each([
  [["train", "--run", "2020-01-01_0000_none"], "RUN_NOT_FOUND"],
  [["train", "--run", "no/such/run"], "RUN_NOT_FOUND"],
  [["stop", "nothing"], "RUN_NOT_FOUND"],
  [["stop"], "Which run?"],
  [["stop", "a", "b"], "One run at a time"],
  [["runs", "--yaml"], "Unknown option --yaml"],
])("%j is refused: %s", async (words, said) => {
  const { code, talked } = await command(...words, "--runs_dir", root);
  expect([1, 2]).toContain(code);
  expect(talked).toContain(said);
});
