import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { readEmbeddingFile } from "../../src/embedding/index.ts";
import { concept } from "../training-run.ts";
import { lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const embeddings = path.join(home, "ComfyUI", "models", "embeddings");
mkdirSync(embeddings, { recursive: true });
const photos = readdirSync(concept)
  .filter((name) => name.endsWith(".png"))
  .slice(0, 5)
  .map((name) => path.join(concept, name));
mkdirSync(path.join(home, "photos"));
for (const photo of photos) copyFileSync(photo, path.join(home, "photos", path.basename(photo)));
const studio = await startStudio({ home });

/** Limits for a whole run on a slow machine. */
const story = 600_000;
const patience = 150_000;
/** More steps than any machine makes during a test: the run ends when it is stopped. */
const manySteps = "100000";

async function newVisitor() {
  const visitor = await visit(studio);
  visitor.context.setDefaultTimeout(patience);
  return visitor;
}

/** Number of vectors in the file in ComfyUI's folder, which are the checkpoint's. */
async function vectorsIn(name: string): Promise<number> {
  const [file] = readdirSync(embeddings).filter((one) => one.startsWith(name));
  const { tables } = await readEmbeddingFile(path.join(embeddings, file!));
  const run = readdirSync(path.join(home, "runs")).find((one) => one.endsWith(name));
  const checkpoints = path.join(home, "runs", run!, "checkpoints");
  const [learned] = readdirSync(checkpoints).filter((one) => one.includes("step00000020"));
  const { tables: expected } = await readEmbeddingFile(path.join(checkpoints, learned!));
  const [written, known] = [[...tables.values()], [...expected.values()]];
  expect(written[0]!.data).toEqual(known[0]!.data);
  return written[0]!.shape[0]!;
}

async function sawSample(page: Page, word: string, step: number): Promise<void> {
  await page.getByRole("img", { name: new RegExp(`^a photo of ${word}, step ${step},`) }).waitFor();
}

test(
  "somebody who never trained anything teaches a word, chooses its best step and takes it to another program",
  async () => {
    const { page, context, strangers, complaints } = await newVisitor();
    await page.getByRole("link", { name: "Teach the first word" }).click();
    await page.getByLabel("Choose pictures").setInputFiles(photos);
    await expect
      .poll(
        () =>
          page
            .getByRole("listbox", { name: /^Pictures/ })
            .getByRole("option")
            .count(),
        { timeout: patience },
      )
      .toBe(5);

    // a word that already exists, corrected by a click
    await page.getByLabel("The new word").fill("ring");
    await page.getByRole("button", { name: 'Use "ringx1"' }).first().click();
    await page.getByLabel("Starts from").fill("ring");
    await page.getByLabel("Draw while training").fill("a photo of ringx1 --w 64 --h 64 --s 4 --d 1");
    await page.getByLabel("Steps between samples").fill("10");
    await page.getByText("All settings").last().click();
    const search = page.getByRole("searchbox", { name: "Search settings" });
    for (const [setting, value] of [
      ["max train steps", manySteps],
      ["save every n steps", "20"],
    ] as const) {
      await search.fill(setting);
      await page.getByLabel(setting, { exact: true }).fill(value);
      await page.getByLabel(setting, { exact: true }).press("Enter");
    }
    await page.getByText(/^100000 steps × \d+/).waitFor();
    const second = await context.newPage();
    await second.goto(page.url());
    await second.getByText(/^100000 steps × \d+/).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/run\//);
    // clicked twice in a second tab as well, it is still one run
    await second.getByRole("button", { name: "Start", exact: true }).dblclick();
    await second.waitForURL(page.url());
    await second.close();
    await page.bringToFront();
    expect(readdirSync(path.join(home, "runs"))).toHaveLength(1);

    // watched, reloaded, stopped and resumed
    await sawSample(page, "ringx1", 10);
    await sawSample(page, "ringx1", 20);
    await page.reload();
    await sawSample(page, "ringx1", 20);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("menuitem", { name: /^Stop after step/ }).click();
    await page.getByRole("button", { name: /^Resume from step \d+$/ }).waitFor();
    await page.getByRole("spinbutton", { name: "More steps" }).fill("10");
    await page.getByRole("button", { name: "Train 10 more steps" }).click();
    await page.getByText("done", { exact: true }).waitFor();
    const report = page.waitForEvent("popup");
    await page.getByRole("link", { name: "Report", exact: true }).click();
    await (await report)
      .getByText(/learned/i)
      .first()
      .waitFor();

    // compared and starred
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("slider", { name: "Step" }).focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Star step 20" }).click();
    await page.getByRole("button", { name: "Take the star off step 20" }).waitFor();

    // tried, and written for another program
    await page.getByRole("link", { name: "Use step 20" }).click();
    await page.getByLabel("What to draw").fill("a photo of ringx1 on a table");
    await page.getByText("Size, steps and guidance").click();
    for (const [label, value] of [
      ["Width", "64"],
      ["Height", "64"],
      ["Steps", "4"],
    ] as const)
      await page.getByRole("spinbutton", { name: label, exact: true }).fill(value);
    await page.getByRole("button", { name: /^Draw/ }).first().click();
    await page
      .getByRole("img", { name: /^a photo of ringx1 on a table, step 20, seed 42$/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Write it into 1 folder" }).click();
    await page.getByText("written, read back, equal").waitFor();
    await page.getByText("embedding:ringx1").first().waitFor();
    await lookAt(page, "story-exported");
    expect(await vectorsIn("ringx1")).toBe(1);

    // and found again
    await page.getByRole("link", { name: "All words" }).click();
    await page.getByRole("link", { name: "ringx1", exact: true }).waitFor();
    expect(await page.getByRole("heading", { name: "Not started yet" }).count()).toBe(0);
    await lookAt(page, "runs-done");
    expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
  },
  story,
);

/** Presses Tab until the focused element has this name. */
async function tabTo(page: Page, name: string): Promise<void> {
  const seen: string[] = [];
  while (seen.length < 150) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate<string>(
      `(() => {
        const element = document.activeElement;
        const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText ?? "";
        return label.trim();
      })()`,
    );
    if (focused.startsWith(name)) return;
    seen.push(focused);
  }
  throw new Error(`Tab does not reach "${name}", but ${seen.join(" | ")}`);
}

/** Stops a run once it has begun to learn, using only the keyboard. */
async function stopByKeys(page: Page): Promise<void> {
  await page.getByText(/^step [1-9]\d* of/).waitFor();
  await page.getByRole("button", { name: "Sample now" }).waitFor();
  await page.keyboard.press(" ");
  const after = page.getByRole("menuitem", { name: /^Stop after step/ });
  await after.and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
}

test(
  "the same is done with keys alone",
  async () => {
    const { page, complaints } = await newVisitor();
    const type = async (field: string, text: string) => {
      await tabTo(page, field);
      await page.keyboard.type(text);
    };
    const press = async (button: string) => {
      await tabTo(page, button);
      await page.keyboard.press("Enter");
    };
    await page.getByRole("link", { name: "New word" }).first().waitFor();
    await page.keyboard.press("n");
    await page.getByRole("radio", { name: /tiny-sd/ }).waitFor();
    await press("Choose a folder of this machine");
    await page.getByRole("button", { name: /^photos/ }).waitFor();
    await press("photos");
    await page.getByText("5 pictures").first().waitFor();
    await press("Take this folder");
    const pictures = page.getByRole("listbox", { name: /^Pictures/ }).getByRole("option");
    await expect.poll(() => pictures.count(), { timeout: patience }).toBe(5);
    await type("The new word", "keyed");
    await type("Starts from", "ring");
    await type("Draw while training", " --w 64 --h 64 --s 4");
    await press("All settings");
    await type("Search settings", "max train steps");
    await type("max train steps", manySteps);
    await page.keyboard.press("Enter");
    await page.getByText(/^100000 steps × \d+/).waitFor();
    await press("Start");

    await page.waitForURL(/\/run\/.*keyed/);
    const resume = page.getByRole("button", { name: /^Resume from step \d+$/ });
    await stopByKeys(page);
    await resume.waitFor();
    await press("Resume from step");
    await stopByKeys(page);
    await resume.waitFor();

    await page.keyboard.press("c");
    await page.getByRole("slider", { name: "Step" }).waitFor();
    await page.keyboard.press("s");
    await page.getByRole("button", { name: /^Take the star off step/ }).waitFor();
    await page.keyboard.press("x");
    await page.getByRole("button", { name: "Write it into 1 folder" }).waitFor();
    await press("Write it into 1 folder");
    await page.getByText("written, read back, equal").waitFor();
    expect(readdirSync(embeddings).some((file) => file.startsWith("keyed"))).toBe(true);
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.getByRole("link", { name: "keyed", exact: true }).waitFor();
    expect(complaints).toEqual([]);
  },
  story,
);
