import { appendFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Entry, placesOf, type RunRow } from "../../src/runs/index.ts";
import { trainedRuns } from "../studio-run.ts";
import { writtenRun } from "../written-run.ts";
import { askStudio, lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const trained = trainedRuns();
/** Folders of runs, by name. */
const folders: Record<string, string> = {};

beforeAll(async () => {
  const pictures = ["--sample_every_n_steps", "2"];
  folders.vexla = (await trained(path.join(home, "runs"), "vexla", ...pictures)).folder;
  folders.lamp = (await trained(path.join(home, "runs"), "lamp", "--learning_rate", "1e-2")).folder;
  folders.mug = (await trained(path.join(home, "runs"), "mug")).folder;
}, 180_000);

const studio = await startStudio({ home });
const runs = () => askStudio<{ runs: readonly RunRow[]; queue: readonly string[] }>(studio, "GET", "/api/runs");
const idOf = (name: string): string => path.basename(folders[name]!);
const extend = (name: string, steps: number) => askStudio(studio, "POST", `/api/runs/${idOf(name)}/extend`, { steps });

test("the list shows what each word has drawn, and what is thrown away comes back", async () => {
  const { page, strangers, complaints } = await visit(studio);
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "vexla" }) });
  await page.getByText("This machine is learning nothing now.").waitFor();
  await card.getByRole("img", { name: "a photo of vexla, step 10, seed 1" }).waitFor();
  await lookAt(page, "runs");
  const trash = page.getByText("Trash", { exact: true });
  expect(await trash.count()).toBe(0);

  await page.getByRole("button", { name: "Move to the trash: mug" }).click();
  await page.getByRole("heading", { name: "mug" }).waitFor({ state: "detached" });
  expect(existsSync(folders.mug!)).toBe(false);
  await trash.click();
  await page.getByRole("button", { name: "Restore mug" }).waitFor();
  await lookAt(page, "runs-trash");
  await page.getByRole("button", { name: "Restore mug" }).click();
  await page.getByRole("heading", { name: "mug" }).waitFor();
  expect(existsSync(folders.mug!)).toBe(true);
  await trash.waitFor({ state: "detached" });
  expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
});

test("two words that are chosen tell in which settings they differ", async () => {
  const { page } = await visit(studio);
  await page.getByRole("button", { name: "Compare settings" }).press("Enter");
  await page.getByRole("checkbox", { name: "Compare the settings of vexla" }).press("Space");
  await page.getByText("Choose another one.").waitFor();
  await page.getByRole("checkbox", { name: "Compare the settings of lamp" }).press("Space");
  const dialog = page.getByRole("dialog", { name: "Settings of vexla and lamp" });
  const row = dialog.getByRole("row", { name: /learning_rate/ });
  await row.waitFor();
  expect(await row.getByRole("cell").allTextContents()).toEqual(["0.02", "0.01"]);
  expect(await dialog.getByRole("row", { name: /token_string/ }).count()).toBe(0);
  await lookAt(page, "runs-differences");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("a word is taught again with changes, or on from one of its steps", async () => {
  const { page, complaints } = await visit(studio);
  const atRun = async () => {
    await page.goto(`${studio.address}run/${idOf("vexla")}`);
    await page.getByText("Settings of this run").click();
  };
  await atRun();
  await page.getByRole("button", { name: "Again with changes" }).click();
  await page.getByText("Settings, pictures and captions are those of").waitFor();
  await expect.poll(() => page.getByLabel("The new word").inputValue()).toBe("vexla");
  await page.getByLabel("Starts from").waitFor();

  await atRun();
  const steps = page.getByRole("combobox", { name: "Step" });
  await steps.selectOption("vexla-step00000005.safetensors");
  await page.getByRole("button", { name: "New word from step 5" }).click();
  await page.getByText("It starts from the vectors that were learned in").waitFor();
  // the vectors replace the init word
  expect(await page.getByLabel("Starts from").count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("two words wait while a third is learned, in an order that can be changed", async () => {
  const { page } = await visit(studio);
  await extend("vexla", 100_000);
  await extend("lamp", 5);
  await extend("mug", 5);
  const queue = page.getByRole("region", { name: "Waiting" });
  const names = () => queue.getByRole("heading", { level: 3 }).allTextContents();
  await page.getByText(/^This machine is learning vexla/).waitFor();
  await queue.getByText("starts when vexla ends").waitFor();
  await expect.poll(names).toEqual(["lamp", "mug"]);
  await lookAt(page, "runs-queue");

  // also on its own screen
  const { page: own } = await visit(studio);
  await own.goto(`${studio.address}run/${idOf("lamp")}`);
  await own.getByText("It waits for its turn, and begins by itself when vexla ends.").waitFor();
  await lookAt(own, "run-queued");

  await queue.getByRole("button", { name: "mug earlier" }).press("Enter");
  await page.getByText("mug is number 1 in the queue.").waitFor();
  await expect.poll(names).toEqual(["mug", "lamp"]);
  expect((await runs()).queue).toEqual([idOf("mug"), idOf("lamp")]);
  // a key press leaves the focus where it was
  expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe("mug earlier");

  await own
    .getByText("It waits for its turn, and begins by itself: one other word is before it in the queue.")
    .waitFor();
  await own.getByRole("button", { name: "Take out of the queue" }).click();
  await own.getByText("done", { exact: true }).waitFor();
  await expect.poll(names).toEqual(["mug"]);
  await page.getByRole("button", { name: "Stop vexla" }).click();
  await queue.waitFor({ state: "detached" });
  await expect
    .poll(async () => (await runs()).runs.find(({ name }) => name === "mug")?.step, { timeout: 60_000 })
    .toBe(15);
});

/** Appends the lines of a process that opened a run and failed. */
function failLater(name: string, problem: object): void {
  const { journal } = placesOf(folders[name]!);
  const last = JSON.parse(readFileSync(journal, "utf8").trim().split("\n").at(-1)!) as Entry;
  const events = [
    { kind: "opened", pid: 1, host: "here", version: "1" },
    { kind: "closed", outcome: "failed", problem },
  ];
  for (const [i, event] of events.entries())
    appendFileSync(journal, `${JSON.stringify({ seq: last.seq + 1 + i, time: Date.now(), ...event })}\n`);
}

test("a run that had too little memory says so above all, and is made again with batch 1, from what it had saved", async () => {
  // the previous process has written its last line
  const stateNow = async () => (await runs()).runs.find(({ name }) => name === "mug")?.state;
  await expect.poll(stateNow, { timeout: 60_000 }).toBe("done");
  failLater("mug", {
    code: "OUT_OF_MEMORY",
    message: "Out of memory (the runtime could not get 2.1 GB).",
    hint: "A smaller batch or smaller images need less.",
  });
  const { page, context, complaints } = await visit(studio);
  await page.getByText("Out of memory (the runtime").waitFor();
  await lookAt(page, "runs-failed");
  await page.goto(`${studio.address}run/${idOf("mug")}`);
  await page.getByRole("alert").getByText("Out of memory").waitFor();
  await page.getByText(/goes on from the vectors of step 10, .* the learning rate schedule begin anew/).waitFor();
  await lookAt(page, "run-failed");
  await page.getByRole("button", { name: "Again with batch 1 (same pictures a step)" }).click();
  await page.getByText("It starts from the vectors that were learned in").waitFor();
  // all but the last five steps were saved, with two pictures in each; planning them is a dry run
  await page.getByText(/^5 steps × 2/).waitFor({ timeout: 90_000 });

  // its folder is renamed while another tab shows it
  const other = await context.newPage();
  await other.goto(`${studio.address}run/${idOf("mug")}`);
  await other.getByRole("button", { name: /^Resume from step/ }).waitFor();
  renameSync(folders.mug!, `${folders.mug!}_renamed`);
  await other.getByRole("alert").getByText("This word is no longer here").waitFor();
  expect(await other.getByRole("button", { name: /^Resume from step/ }).count()).toBe(0);
  await other.getByRole("alert").getByRole("link", { name: "All words" }).click();
  await other.getByRole("heading", { name: "mug" }).waitFor();
  expect(complaints).toEqual([]);
});

test("what has nothing to compare or to use yet says so", async () => {
  const { id, write } = await writtenRun(path.join(home, "runs"), "cup");
  write("opened", { pid: 1, host: "here", version: "1" });
  write("closed", { outcome: "failed", problem: { code: "OUTPUT_UNWRITABLE", message: "The disk is full (ENOSPC)." } });
  const { page } = await visit(studio);
  for (const screen of ["compare", "use"]) {
    await page.goto(`${studio.address}run/${id}/${screen}`);
    await page.getByText("Nothing is saved yet.").waitFor();
    await lookAt(page, `${screen}-empty`);
  }
});
