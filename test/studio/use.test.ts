import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { embeddingOfFile, readEmbeddingFile } from "../../src/embedding/index.ts";
import { trainedRuns } from "../studio-run.ts";
import { askStudio, lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const programs = {
  ComfyUI: path.join(home, "ComfyUI", "models", "embeddings"),
  A1111: path.join(home, "stable-diffusion-webui", "embeddings"),
};
for (const folder of [...Object.values(programs), path.join(home, "mine")]) mkdirSync(folder, { recursive: true });
const trained = trainedRuns();
let folder = "";
let run = "";

beforeAll(async () => {
  const flags = ["--max_train_steps", "30", "--save_every_n_steps", "10", "--sample_every_n_steps", "10"];
  folder = (await trained(path.join(home, "runs"), "vexla", ...flags)).folder;
  run = path.basename(folder);
}, 180_000);

const studio = await startStudio({ home });
const screenOf = (name: "compare" | "use", query = "") => `${studio.address}run/${run}/${name}${query}`;
const vectorsIn = async (file: string) => embeddingOfFile(await readEmbeddingFile(file)).vectors;

test("one slider goes through all steps: what is missing is drawn, with equal seeds, and differs from the start word", async () => {
  const { page, strangers, complaints } = await visit(studio);
  await page.goto(screenOf("compare", "?seeds=42+43&at=vexla-step00000020.safetensors&steps=4"));
  const grid = page.getByRole("grid", { name: "Pictures of: a photo of vexla" });
  const columns = grid.getByRole("columnheader");
  await grid.getByRole("img", { name: "a photo of vexla, step 20, seed 1" }).waitFor();
  expect(await columns.allTextContents()).toEqual(["1start word “ring”", "2step 20", "3last, step 30"]);

  await page.getByRole("button", { name: "Draw the missing 6" }).click();
  await page.getByText("All pictures are drawn.").waitFor({ timeout: 120_000 });
  const sourceOf = async (label: string, seed: number) =>
    (await grid.getByRole("img", { name: `a photo of vexla, ${label}, seed ${seed}` }).getAttribute("src"))!.replace(
      "?thumb",
      "",
    );
  const bytesOf = (source: string) =>
    page.evaluate<number[]>(
      `fetch(${JSON.stringify(source)}).then((a) => a.arrayBuffer()).then((b) => [...new Uint8Array(b)])`,
    );
  const pictures = await Promise.all(
    ["start word “ring”", "step 20", "last, step 30"].map(async (label) => bytesOf(await sourceOf(label, 42))),
  );
  const idat = pictures.map((bytes) => Buffer.from(bytes).toString("latin1").split("IDAT")[1]);
  expect(new Set(idat).size).toBe(3);

  // the slider shows another step; its own button draws it, with an estimate from those before
  await page.getByRole("slider", { name: "Step" }).press("ArrowLeft");
  await page.getByRole("heading", { name: "step 10", exact: true }).waitFor();
  expect(await columns.allTextContents()).toEqual(["1start word “ring”", "2step 10", "3last, step 30"]);
  await page.getByRole("button", { name: /^Draw the missing 2: about \d+ s$/ }).press("Enter");
  await page.getByText("All pictures are drawn.").waitFor({ timeout: 60_000 });
  await lookAt(page, "compare");

  // a reload shows the same
  await page.reload();
  await grid.getByRole("img", { name: "a photo of vexla, step 10, seed 43" }).waitFor();
  expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
});

test("keys choose a column, star its step, wipe between two pictures and lead to the export", async () => {
  const { page } = await visit(studio);
  await page.goto(screenOf("compare", "?seeds=42+43&at=vexla-step00000020.safetensors&steps=4"));
  const grid = page.getByRole("grid");
  await grid.getByRole("img", { name: "a photo of vexla, step 20, seed 42" }).waitFor();
  // arrows move between pictures
  await grid.getByRole("button", { name: "a photo of vexla, step 20, seed 1" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const wipe = page.getByRole("slider", { name: "Wipe between the two pictures" });
  await wipe.focus();
  await page.keyboard.press("End");
  expect(await wipe.getAttribute("aria-valuetext")).toBe("100 % start word “ring”, the rest last, step 30");
  await page.keyboard.press("Home");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  expect(await wipe.inputValue()).toBe("3");
  // it grows once its pictures are loaded, and then scrolls into view
  await expect
    .poll(async () => {
      const place = (await wipe.boundingBox())!;
      await page.mouse.click(place.x + place.width * 0.75, place.y + place.height / 2);
      return Number(await wipe.inputValue());
    })
    .toBeGreaterThan(70);
  await lookAt(page, "compare-wipe");
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await keys.getByText("Choose a column").waitFor();
  expect(await keys.locator("div", { hasText: "Choose a column" }).locator("kbd").allTextContents()).toEqual([
    "1",
    "9",
  ]);
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await grid.waitFor();

  await page.keyboard.press("1");
  await page.getByRole("heading", { name: "start word “ring”" }).waitFor();
  await page.keyboard.press("s");
  await page.getByText("The start word is no step").first().waitFor();
  await page.getByRole("slider", { name: "Step" }).press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("s");
  await page.getByText("Step 20 is starred.").waitFor();
  await expect.poll(() => JSON.parse(readFileSync(path.join(folder, "marks.json"), "utf8")).stars).toEqual([20]);
  await page.keyboard.press("x");
  await page.getByRole("heading", { name: "Use it elsewhere" }).waitFor();
  expect(await page.getByLabel("Taught for").locator("option:checked").textContent()).toBe("20 steps ★");
});

test("a prompt is drawn with the word, and again with its seed", async () => {
  const { page, context } = await visit(studio);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(screenOf("use", "?checkpoint=vexla.safetensors"));
  const prompt = page.getByLabel("What to draw");
  await prompt.fill("a painting of nothing");
  await page.getByText("The prompt does not have the word vexla").waitFor();
  await prompt.fill("a painting of vexla");
  await page.getByLabel("Seed", { exact: true }).fill("7");
  await page.getByText("Size, steps and guidance").click();
  await page.getByLabel("Steps").fill("4");
  await prompt.press("Enter");
  const result = page.getByRole("figure", { name: "The picture" });
  await result.getByRole("img", { name: "a painting of vexla, step 30, seed 7" }).waitFor({ timeout: 60_000 });
  await page.getByLabel("Seed", { exact: true }).fill("8");
  await page.getByRole("button", { name: "Draw with the same seed, 7" }).click();
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("7");
  await page.getByRole("button", { name: "Copy the prompt: a painting of vexla" }).click();
  await page.getByText("Copied.").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("a painting of vexla");
  await lookAt(page, "use");
});

test("what could not be drawn says why, and is drawn when it is asked for again", async () => {
  const { page } = await visit(studio);
  const checkpoint = path.join(folder, "checkpoints", "vexla-step00000020.safetensors");
  const whole = readFileSync(checkpoint);
  writeFileSync(checkpoint, "no embedding");
  await page.goto(screenOf("compare", "?seeds=77&at=vexla-step00000020.safetensors&steps=4"));
  await page.getByRole("button", { name: /^Draw a photo of vexla, step 20.*, seed 77$/ }).click();
  const failed = page.getByRole("button", { name: /^Failed, draw again: a photo of vexla, step 20.*, seed 77$/ });
  await failed.waitFor({ timeout: 60_000 });
  await page.getByRole("alert").getByText("So 1 picture could not be drawn.").waitFor();
  await lookAt(page, "compare-failed");
  await page.getByRole("link", { name: /^Use step 20/ }).click();
  await page.getByLabel("What to draw").fill("a statue of vexla");
  await page.getByText("Size, steps and guidance").click();
  await page.getByLabel("Steps").fill("4");
  await page.getByRole("button", { name: /^Draw(: about|$)/ }).click();
  const result = page.getByRole("figure", { name: "The picture" }).filter({ hasText: "a statue of vexla" });
  const again = result.getByRole("button", { name: "Draw again" });
  await again.waitFor({ timeout: 60_000 });
  await lookAt(page, "use-failed");

  writeFileSync(checkpoint, whole);
  await again.click();
  await result.getByRole("img", { name: "a statue of vexla, step 20, seed 42" }).waitFor({ timeout: 60_000 });
  await page.goBack();
  await failed.click();
  await page.getByRole("img", { name: /^a photo of vexla, step 20.*, seed 77$/ }).waitFor({ timeout: 60_000 });
});

test("a step is written for two programs and into a folder, and never over another file unasked", async () => {
  const { page } = await visit(studio);
  await page.goto(screenOf("use", "?checkpoint=vexla-step00000010.safetensors"));
  await page.getByLabel("Name of the word there").fill("mycat");
  await page.getByRole("button", { name: "Choose a folder" }).press("Enter");
  // the focus is never on a removed element
  await page.getByRole("status").filter({ hasText: home }).and(page.locator(":focus")).waitFor();
  await page.getByRole("button", { name: "mine", exact: true }).press("Enter");
  await page
    .getByRole("status")
    .filter({ hasText: `${home}/mine` })
    .and(page.locator(":focus"))
    .waitFor();
  await page.getByRole("button", { name: "Take this folder" }).press("Enter");
  await page.getByRole("button", { name: "Choose a folder" }).and(page.locator(":focus")).waitFor();
  await page.getByRole("button", { name: "Write it into 3 folders" }).press("Enter");
  const results = page.getByRole("list", { name: "What was written" });
  await expect.poll(() => results.getByText("written, read back, equal").count()).toBe(3);
  await results.getByText("embedding:mycat").waitFor();
  const wanted = await vectorsIn(path.join(folder, "checkpoints", "vexla-step00000010.safetensors"));
  for (const into of [...Object.values(programs), path.join(home, "mine")])
    expect(await vectorsIn(path.join(into, "mycat.safetensors"))).toEqual(wanted);
  await lookAt(page, "use-export");

  await page.getByLabel("Taught for").selectOption("vexla-step00000020.safetensors");
  await results.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Write it into 3 folders" }).click();
  await results.getByText("OUTPUT_EXISTS").first().waitFor();
  expect(await vectorsIn(path.join(programs.A1111, "mycat.safetensors"))).toEqual(wanted);
  await page.getByRole("button", { name: `Replace ${path.join(programs.A1111, "mycat.safetensors")}` }).click();
  await results.getByText("written, read back, equal").waitFor();
  expect(await results.getByText("OUTPUT_EXISTS").count()).toBe(2);
  expect(await vectorsIn(path.join(programs.A1111, "mycat.safetensors"))).not.toEqual(wanted);
  expect(await vectorsIn(path.join(programs.ComfyUI, "mycat.safetensors"))).toEqual(wanted);
  await page.getByRole("button", { name: `Replace ${path.join(home, "mine", "mycat.safetensors")}` }).click();
  await expect.poll(() => results.getByText("written, read back, equal").count()).toBe(2);
  // the results belong to the written step: choosing another one removes them
  await page.getByLabel("Taught for").selectOption("vexla-step00000010.safetensors");
  await results.waitFor({ state: "detached" });
});

test("the report is made where the run wrote none, and opens", async () => {
  const { page } = await visit(studio);
  await page.goto(screenOf("use"));
  await page.getByRole("button", { name: "Make the report" }).click();
  await page.getByText("Making the report").waitFor();
  const open = page.getByRole("link", { name: "Open the report" });
  await open.waitFor({ timeout: 240_000 });
  const report = page.waitForEvent("popup");
  await open.click();
  await (await report).getByText(/vexla/).first().waitFor();
  // it draws eight images in another process
}, 300_000);

test("while the run goes on it draws with its vectors as they are, and what is asked of a step waits for its end", async () => {
  await askStudio(studio, "POST", `/api/runs/${run}/extend`, { steps: 100_000 });
  const { page } = await visit(studio);
  await page.goto(screenOf("use"));
  await page.getByLabel("Taught for").selectOption("now", { timeout: 60_000 });
  await page.getByLabel("What to draw").fill("a drawing of vexla");
  await page.getByRole("button", { name: /^Draw(: about|$)/ }).click();
  const result = page.getByRole("figure", { name: "The picture" });
  await result.getByRole("img", { name: /^a drawing of vexla, step [3-9]\d+, seed 42$/ }).waitFor({ timeout: 60_000 });
  await page.getByText("Size, steps and guidance").click();
  await page.getByLabel("Steps").fill("150");
  await page.getByLabel("Width").fill("512");
  await page.getByRole("button", { name: /^Draw(: about|$)/ }).click();
  const cancel = result.getByRole("button", { name: "Cancel drawing" });
  await cancel.waitFor();
  await lookAt(page, "use-learning");
  await cancel.click();
  await cancel.waitFor({ state: "detached" });

  await page.goto(screenOf("compare", "?seeds=99&at=vexla-step00000010.safetensors&steps=4"));
  await page.getByRole("button", { name: /^Draw a photo of vexla, step 10, seed 99$/ }).click();
  await page.getByText("The run vexla is under way").waitFor();
  await lookAt(page, "compare-learning");
  await askStudio(studio, "POST", `/api/runs/${run}/stop`, { now: true });
  await page.getByRole("img", { name: "a photo of vexla, step 10, seed 99" }).waitFor({ timeout: 60_000 });
});
