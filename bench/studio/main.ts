import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { tinySdFolder } from "../../src/assets/index.ts";
import { bundlePage } from "../../src/studio/bundle.ts";
import { launchBrowser, launchStudio, type OpenStudio } from "../../test/studio/launch.ts";
import { screens, scriptBytes } from "../../test/studio/script-bytes.ts";
import { writeLargeDraft } from "../../test/studio/written-draft.ts";
import { randomModel } from "../random-model.ts";
import { keepResult, machine, median, printTable } from "../results.ts";
import { manyPictures } from "./many-pictures.ts";
import { trainingPairs } from "./training-pairs.ts";
import { watchingShares } from "./watching-shares.ts";
import { type LongRun, writeLongRun, writeManyRuns } from "./written-runs.ts";

/** What the studio costs, against its budgets. usage: npm run bench -- studio [page] [pictures] [long] [watching] [training] */
const home = mkdtempSync(path.join(os.tmpdir(), "coinage-studio-bench-"));
const results: [what: string, measured: string, budget: string][] = [];
function note(what: string, measured: string, budget: string): void {
  results.push([what, measured, budget]);
  console.error(`${what}: ${measured}`);
}
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const ms = (value: number) => `${value.toFixed(0)} ms`;

/** Time from opening the address to the first visible heading, in milliseconds. */
async function firstView(page: Page, address: string): Promise<number> {
  const begun = performance.now();
  await page.goto(address);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return performance.now() - begun;
}

async function medianOf(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await measure());
  return median(values);
}

/** Seconds of processor time that a process has used. Linux only. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Share of a core that an idle process takes, in percent. */
async function idleShare({ pid }: OpenStudio): Promise<string> {
  // lets work left from opening finish
  await pause(5000);
  const before = processorSeconds(pid);
  await pause(20_000);
  return `${((100 * (processorSeconds(pid) - before)) / 20).toFixed(1)} %`;
}

/** Time from the line in the journal to the number on the page, in milliseconds. Node and browser share one clock. */
async function eventToPixel(page: Page, { write, step }: LongRun): Promise<number> {
  const next = step() + 1;
  const seen = page.evaluate<number>(
    `new Promise((resolve) => {
      const look = () => document.body.innerText.includes("${next.toLocaleString("en")} ") || document.body.innerText.includes("${next} ");
      const observer = new MutationObserver(() => { if (look()) { observer.disconnect(); requestAnimationFrame(() => resolve(Date.now())); } });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      setTimeout(() => resolve(Infinity), 10000);
    })`,
  );
  // steps in quicker succession are merged
  await pause(500);
  const written = Date.now();
  write();
  return (await seen) - written;
}

type Part = "page" | "pictures" | "long" | "watching" | "training";
const named = process.argv.slice(3) as Part[];
const isWanted = (part: Part) => named.length === 0 || named.includes(part);

async function measurePage(page: Page, studio: OpenStudio): Promise<void> {
  const files = await bundlePage(new URL("../../src/studio/page/main.tsx", import.meta.url));
  for (const screen of screens)
    note(`script of the screen ${screen}`, `${(scriptBytes(files, screen) / 1000).toFixed(0)} KB`, "150 KB");
  note("first view, no runs", ms(await medianOf(7, () => firstView(page, studio.address))), "300 ms");
  note("studio idle, page open", await idleShare(studio), "1 %");
  await writeManyRuns(path.join(home, "runs"), 1000);
  note("first view, 1,000 runs, none read before", ms(await firstView(page, studio.address)), "");
  note("first view, 1,000 runs", ms(await medianOf(7, () => firstView(page, studio.address))), "1000 ms");
  note("studio idle, 1,000 runs, page open", await idleShare(studio), "1 %");
}

async function measurePictures(page: Page, studio: OpenStudio): Promise<void> {
  const draft = await writeLargeDraft(studio, 2000);
  const large = await manyPictures(page, `${studio.address}new?draft=${draft}`);
  const withLongest = ([usual, longest]: readonly [number, number]) => `${ms(usual)}, at most ${ms(longest)}`;
  note("first view, a draft of 2,000 pictures", ms(large.firstView), "1000 ms");
  note("... all pictures in view drawn", ms(large.allInView), "");
  note("... a letter of a caption to the frame with it", withLongest(large.letter), "50 ms");
  note("... between two frames while it is scrolled", withLongest(large.frame), "");
  note("... memory of the page's program", megabytes(large.heapBytes), "200 MB");
}

async function measureLongRun(page: Page, studio: OpenStudio): Promise<void> {
  const long = await writeLongRun(path.join(home, "runs"), 100_000, 5000);
  const address = `${studio.address}run/${encodeURIComponent(long.id)}`;
  note("first view, 100,000 steps and 5,000 samples, not read before", ms(await firstView(page, address)), "");
  note("first view, 100,000 steps and 5,000 samples", ms(await medianOf(5, () => firstView(page, address))), "1000 ms");
  await page.getByRole("img").first().waitFor();
  note("event to page", ms(await medianOf(15, () => eventToPixel(page, long))), "250 ms");
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await long.end();
  note(
    "memory of the page's program",
    megabytes(metrics.find(({ name }) => name === "JSHeapUsedSize")!.value),
    "200 MB",
  );
}

async function measureWatching(page: Page, studio: OpenStudio): Promise<void> {
  for (const everyMs of [33, 2000, 8000]) {
    const run = await writeLongRun(path.join(home, "runs"), 500, 5);
    for (const { watcher, studio: ofStudio, browser: ofBrowser } of await watchingShares(studio, page, run, everyMs))
      note(
        `a step every ${everyMs} ms, watched by ${watcher}`,
        `studio ${ofStudio.toFixed(2)} %, browser ${ofBrowser.toFixed(2)} %`,
        "",
      );
    await run.end();
  }
}

async function measureTraining(page: Page, studio: OpenStudio): Promise<void> {
  const models = [
    ["the small model", { model: tinySdFolder, side: 128, batch: 4, turnMs: 5000, pairs: 24 }],
    ["a model of SD 1.5's size", { model: randomModel("sd1.5"), side: 256, batch: 1, turnMs: 20_000, pairs: 6 }],
  ] as const;
  for (const [model, turns] of models) {
    const { factor, error, pairs, stepsPerSecond } = await trainingPairs(studio, page, turns);
    note(
      `training ${model} while its page is in view`,
      `${percent(factor - 1)} ± ${percent(error)} slower (${pairs} pairs, ${stepsPerSecond.toPrecision(2)} steps a second)`,
      "1 %",
    );
  }
}

const browser = await launchBrowser();
try {
  mkdirSync(path.join(home, "runs"));
  const studio = await launchStudio({ home });
  const page = await browser.newPage();
  await page.goto(studio.entrance);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (isWanted("page")) await measurePage(page, studio);
  if (isWanted("pictures")) await measurePictures(page, studio);
  if (isWanted("long")) await measureLongRun(page, studio);
  if (isWanted("watching")) await measureWatching(page, studio);
  if (isWanted("training")) await measureTraining(page, studio);
  await studio.close();
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
// the machine's load decides how far these numbers can be trusted
const load = `load ${os.loadavg()[1]!.toFixed(1)}`;
for (const [what, measured] of results) keepResult({ benchmark: "studio", what, measured, load });
console.log(`${machine}, ${load}\n`);
printTable([["what", "measured", "at most"], ...results]);
