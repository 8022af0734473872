import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { conceptsFolder, tinySdFolder } from "../../src/assets/index.ts";
import { askStudio, lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";
import { spawnCoinage } from "./launch.ts";

const home = temporaryFolder();
const studio = await startStudio({ home });

/** A run of the small model in a terminal, as a process. */
function startRun(
  name: string,
  { home: inHome = home, flags = [] }: { home?: string; flags?: readonly string[] } = {},
) {
  const at = path.join(inHome, "words", name);
  mkdirSync(at, { recursive: true });
  const write = (file: string, text: string) => {
    writeFileSync(path.join(at, file), text);
    return path.join(at, file);
  };
  const dataset = write(
    "dataset.toml",
    `[general]\nresolution = 128\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(path.join(conceptsFolder, "teal-checkered-ring"))}\ncaption_extension = ".txt"\nnum_repeats = 2\nclass_tokens = "vexla"\n`,
  );
  const prompts = write(
    "prompts.txt",
    "a photo of vexla --w 128 --h 128 --s 4 --d 1\nvexla on a table --w 128 --h 128 --s 4 --d 2\n",
  );
  const words = [
    ...["train", "--run", name, "--token_string", "vexla", "--init_word", "ring"],
    ...["--pretrained_model_name_or_path", tinySdFolder, "--dataset_config", dataset, "--learning_rate", "2e-2"],
    // more steps than any machine makes during a test: runs end when they are stopped
    ...["--max_train_steps", "100000", "--seed", "1", "--save_model_as", "safetensors", "--threads", "1"],
    ...["--eval_every_n_steps", "10", "--save_every_n_steps", "20"],
    ...["--sample_prompts", prompts, "--sample_every_n_steps", "10", "--sample_at_first"],
    ...flags,
  ];
  const child = spawnCoinage(words, inHome);
  for (const said of [child.stdout, child.stderr]) said.resume();
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  afterAll(() => child.kill("SIGKILL"));
  return { pid: child.pid!, ended, kill: () => child.kill("SIGKILL") };
}

/** Limit of each wait, for slow machines. */
const soon = { timeout: 240_000 };
const long = 600_000;

/** The id of the run with this name, once it has a folder. */
function idOf(name: string): string {
  return readdirSync(path.join(home, "runs")).find((id) => id.endsWith(`_${name}`))!;
}

/** Steps done, as shown on the page. */
async function stepOn(page: Page): Promise<number> {
  const text = await page.getByText(/^step \d+ of \d+/).textContent({ timeout: 60_000 });
  return Number(/^step (\d+)/.exec(text!)![1]);
}

/** A window whose waits allow for slow machines. */
async function patientVisit(of = studio) {
  const visitor = await visit(of);
  visitor.context.setDefaultTimeout(soon.timeout);
  return visitor;
}

/** Steps that the watched run has made in the end. */
let watchedSteps = 0;

test(
  "a run is watched while it learns, reloaded, steered and gone on with",
  async () => {
    const { page, context, strangers, complaints } = await patientVisit();
    startRun("watched", { flags: ["--save_every_n_steps", "1000"] });
    await page.getByRole("link", { name: "watched", exact: true }).click();
    await page.getByRole("img", { name: "a photo of vexla, step 10, seed 1" }).waitFor();

    // reloaded and in a second tab: the same images, curves and messages
    await page.reload();
    await page.getByRole("img", { name: "a photo of vexla, step 10, seed 1" }).waitFor();
    const second = await context.newPage();
    await second.goto(page.url());
    await second.getByRole("slider", { name: "Loss" }).waitFor();

    // saved and drawn on request; windows behind others are rarely painted
    await page.bringToFront();
    await page.getByRole("button", { name: "Save now" }).click();
    await page.getByText(/^Step \d+ was saved: vexla-step/).waitFor();
    await page.getByRole("textbox", { name: "Another prompt" }).fill("vexla in snow --s 2");
    await page.getByRole("button", { name: "Draw now" }).click();
    for (const tab of [page, second])
      await tab.getByRole("img", { name: /^vexla in snow, step \d+, seed 1$/ }).waitFor();

    // cancelled in one window, shown in both
    await askStudio(studio, "POST", `/api/runs/${idOf("watched")}/sample`, {
      prompt: "vexla at sea --w 512 --h 512 --s 1000",
    });
    const giveUp = /^Cancel drawing “vexla at sea”$/;
    await second.getByRole("button", { name: giveUp }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: giveUp }).waitFor();
    await lookAt(page, "run-asked");
    await page.getByRole("button", { name: giveUp }).click();
    for (const tab of [page, second])
      await tab.getByText("“vexla at sea” is drawn next").waitFor({ state: "detached" });

    // stopped by keyboard, and shown in both
    await page.getByRole("heading", { name: "watched" }).click();
    await page.keyboard.press(" ");
    const menu = page.getByRole("menu", { name: "How to stop" });
    const after = menu.getByRole("menuitem", { name: /^Stop after step \d+ and keep everything$/ });
    await after.and(page.locator(":focus")).waitFor();
    // the menu follows the steps and keeps the focus
    const first = await after.textContent();
    await expect.poll(() => after.textContent(), soon).not.toBe(first);
    await after.and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    for (const tab of [page, second]) await tab.getByRole("button", { name: /^Resume from step \d+$/ }).waitFor();

    // and resumed, until both show that it is done
    await second.bringToFront();
    const kept = await second.getByRole("button", { name: /^Resume from step/ }).textContent();
    watchedSteps = Number(/\d+$/.exec(kept!)![0]) + 10;
    const drawn = `vexla on a table, step ${Math.floor(watchedSteps / 10) * 10}, seed 2`;
    await second.getByRole("spinbutton", { name: "More steps" }).fill("10");
    await second.getByRole("button", { name: "Train 10 more steps" }).click();
    for (const tab of [page, second]) {
      await tab.getByText("done", { exact: true }).waitFor();
      await tab.getByRole("img", { name: drawn }).waitFor();
      await tab
        .getByRole("slider", { name: "Loss" })
        .and(tab.locator(`[aria-valuemax='${watchedSteps}']`))
        .waitFor();
    }
    await lookAt(page, "run-done");
    expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
  },
  long,
);

test(
  "numbers, images and messages can be reached by keys and are told in words",
  async () => {
    const { page, complaints } = await patientVisit();
    await page.goto(`${studio.address}run/${idOf("watched")}`);
    const loss = page.getByRole("slider", { name: "Loss" });
    await loss.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => loss.getAttribute("aria-valuetext"), soon).toMatch(/^step 0: .*evaluation 0\.\d{4}/);
    const rate = page.getByRole("slider", { name: "Learning rate" });
    // until the curves are complete, the next known step may be the last one
    await expect
      .poll(async () => {
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowRight");
        return rate.getAttribute("aria-valuetext");
      }, soon)
      .toBe("step 1: Learning rate 0.02");

    await page.getByRole("button", { name: "Table", exact: true }).click();
    const table = page.getByRole("region", { name: "Numbers by step" });
    await expect.poll(() => table.getByRole("row").count(), soon).toBe(Math.min(watchedSteps, 200) + 1);

    const strip = page.getByRole("list", { name: "a photo of vexla (seed 1)" });
    await strip.getByRole("button").last().focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("s");
    await strip.getByRole("button", { name: /step 10 marked as good/ }).waitFor();
    await page.keyboard.press("Enter");
    const large = page.getByRole("dialog", { name: "step 10" });
    await large.getByRole("img", { name: "a photo of vexla, step 10, seed 1" }).waitFor();
    await lookAt(page, "run-sample");
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("dialog", { name: "before" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("End of its log").click();
    await page.getByText("model saved.").waitFor();
    await page.getByText("Settings of this run").click();
    await lookAt(page, "run-open");
    await page.locator("body").press("c");
    await page.waitForURL(/\/compare$/);
    expect(complaints).toEqual([]);
  },
  long,
);

test(
  "a run is given another name, a note, and more steps",
  async () => {
    const { page, context } = await patientVisit();
    await page.goto(`${studio.address}run/${idOf("watched")}`);
    const second = await context.newPage();
    await second.goto(page.url());
    await second.getByRole("heading", { name: "watched" }).waitFor();
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("my ring");
    await page.keyboard.press("Enter");
    for (const tab of [page, second]) await tab.getByRole("heading", { name: "my ring" }).waitFor();
    await page.getByRole("textbox", { name: "Note" }).fill("step 10 has the best colours");
    await page.getByText("saved", { exact: true }).waitFor();
    await second.reload();
    await expect
      .poll(() => second.getByRole("textbox", { name: "Note" }).inputValue(), soon)
      .toBe("step 10 has the best colours");
    await page.getByRole("spinbutton", { name: "More steps" }).fill("7");
    await page.getByRole("button", { name: "Train 7 more steps" }).click();
    await page
      .getByRole("slider", { name: "Loss" })
      .and(page.locator(`[aria-valuemax='${watchedSteps + 7}']`))
      .waitFor();
    await page.getByText("done", { exact: true }).waitFor();
  },
  long,
);

test(
  "the page catches up when the studio was killed and is started again",
  async () => {
    const own = await startStudio({ home: temporaryFolder() });
    const run = startRun("long", { home: own.home });
    const { page } = await patientVisit(own);
    await page.getByRole("link", { name: "long", exact: true }).click();
    await expect.poll(() => stepOn(page), soon).toBeGreaterThan(0);
    await own.close("SIGKILL");
    await page.getByText(/^Not connected since/).waitFor();
    await lookAt(page, "run-offline");
    const before = await stepOn(page);
    await startStudio({ home: own.home, port: Number(new URL(own.address).port) });
    await page.getByText(/^Not connected since/).waitFor({ state: "detached" });
    await expect.poll(() => stepOn(page), soon).toBeGreaterThan(before);
    // the missed steps are in the curves, too
    const loss = page.getByRole("slider", { name: "Loss" });
    await expect.poll(async () => Number(await loss.getAttribute("aria-valuemax")), soon).toBeGreaterThan(before);
    run.kill();
  },
  long,
);

test(
  "a run whose process was killed is told lost within seconds, with its likely cause, and goes on from its state",
  async () => {
    const run = startRun("killed", { flags: ["--save_state", "--sample_every_n_steps", "1000"] });
    const { page } = await patientVisit();
    await page.getByRole("link", { name: "killed", exact: true }).click();
    await page.getByText(/^Step 20 was saved/).waitFor();
    run.kill();
    const killedAt = performance.now();
    await page.getByText("The run was lost").waitFor();
    expect(performance.now() - killedAt).toBeLessThan(5000);
    await page.getByText("nothing is known of its end").waitFor();
    await lookAt(page, "run-lost");
    await page.getByRole("button", { name: /^Resume from step \d+$|^Start again$/ }).click();
    await page.getByText("learning", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("menuitem", { name: /^Stop now/ }).click();
    await page.getByText("stopped", { exact: true }).waitFor();
  },
  long,
);

test(
  "seven windows watch a run at once, and each can steer it",
  async () => {
    const run = startRun("seven", { flags: ["--sample_every_n_steps", "5000"] });
    const { page, context } = await patientVisit();
    await page.getByRole("link", { name: "seven", exact: true }).click();
    await expect.poll(() => stepOn(page), soon).toBeGreaterThan(0);
    const others = await Promise.all(Array.from({ length: 6 }, () => context.newPage()));
    for (const other of others) await other.goto(page.url());
    const all = [page, ...others];
    const before = await Promise.all(all.map(stepOn));
    for (const [i, window] of all.entries())
      await expect.poll(() => stepOn(window), soon).toBeGreaterThan(Math.max(...before) + i);
    await all.at(-1)!.getByRole("button", { name: "Stop" }).click();
    await all
      .at(-1)!
      .getByRole("menuitem", { name: /^Stop after/ })
      .click();
    for (const window of all) await window.getByText("stopped", { exact: true }).waitFor();
    await run.ended;
  },
  long,
);

test(
  "a browser without a network says so and catches up",
  async () => {
    const run = startRun("unplugged", { flags: ["--sample_every_n_steps", "2"] });
    const { page, context } = await patientVisit();
    await page.getByRole("link", { name: "unplugged", exact: true }).click();
    await expect.poll(() => stepOn(page), soon).toBeGreaterThan(0);
    await context.setOffline(true);
    // an open connection survives that here; after a network interruption it is opened again
    await page.evaluate("window.dispatchEvent(new Event('online'))");
    await page.getByText(/^Not connected since/).waitFor();
    await context.setOffline(false);
    await page.getByText(/^Not connected since/).waitFor({ state: "detached" });
    const before = await stepOn(page);
    await expect.poll(() => stepOn(page), soon).toBeGreaterThan(before);
    await page.getByRole("img", { name: "a photo of vexla, step 10, seed 1" }).waitFor();
    await lookAt(page, "run-learning");

    // drawing takes most of the time: one click makes it less frequent
    const less = page.getByRole("button", { name: /^Draw every \d+ steps instead$/ });
    await less.click();
    // each new picture updates the number on the button
    const told = page.getByText(/^From now on pictures are drawn every \d+ steps\.$/);
    const [, every] = /every (\d+)/.exec((await told.textContent())!)!;
    await less.waitFor({ state: "detached" });
    const record = path.join(home, "runs", idOf("unplugged"), "run.json");
    await expect.poll(() => JSON.parse(readFileSync(record, "utf8")).sampleEvery, soon).toBe(Number(every));
    run.kill();
  },
  long,
);

test(
  "an address of no run says so",
  async () => {
    const { page } = await patientVisit();
    await page.goto(`${studio.address}run/2026-01-01_0000_nobody`);
    await page.getByRole("heading", { name: "This word cannot be shown" }).waitFor();
  },
  long,
);
