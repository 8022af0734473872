import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { RunRow } from "../../src/runs/index.ts";
import { trainedRuns } from "../studio-run.ts";
import { askStudio, lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const trained = trainedRuns();
/** Folders of runs by their names. */
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

  await page.getByRole("button", { name: "Move to the trash: mug" }).click();
  await page.getByRole("heading", { name: "mug" }).waitFor({ state: "detached" });
  expect(existsSync(folders.mug!)).toBe(false);
  await page.getByText("Trash", { exact: true }).click();
  await page.getByRole("button", { name: "Restore mug" }).waitFor();
  await lookAt(page, "runs-trash");
  await page.getByRole("button", { name: "Restore mug" }).click();
  await page.getByRole("heading", { name: "mug" }).waitFor();
  expect(existsSync(folders.mug!)).toBe(true);
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
  // what it starts from are the vectors
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
  expect(await names()).toEqual(["lamp", "mug"]);
  await lookAt(page, "runs-queue");

  await queue.getByRole("button", { name: "mug earlier" }).press("Enter");
  await page.getByText("mug is number 1 in the queue.").waitFor();
  await expect.poll(names).toEqual(["mug", "lamp"]);
  expect((await runs()).queue).toEqual([idOf("mug"), idOf("lamp")]);
  // a key that was pressed leaves the focus where it was
  expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe("mug earlier");

  await queue.getByRole("button", { name: "Take out of the queue: lamp" }).click();
  await expect.poll(names).toEqual(["mug"]);
  await page.getByRole("button", { name: "Stop vexla" }).click();
  await queue.waitFor({ state: "detached" });
  await expect
    .poll(async () => (await runs()).runs.find(({ name }) => name === "mug")?.step, { timeout: 60_000 })
    .toBe(15);
});
