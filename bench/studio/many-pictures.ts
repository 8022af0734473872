import type { Page } from "playwright-core";
import { median } from "../results.ts";

/** Times of working on a draft with many pictures, in milliseconds. */
export interface ManyPictures {
  /** From opening the address to the first picture's place on the screen. */
  readonly firstView: number;
  /** From opening the address until every picture in view is drawn. */
  readonly allInView: number;
  /** From a key press in a caption to the frame that shows it, median and longest. */
  readonly letter: readonly [median: number, longest: number];
  /** Between two frames while the list scrolls, median and longest. */
  readonly frame: readonly [median: number, longest: number];
  /** Heap of the page's program. */
  readonly heapBytes: number;
}

/** Opens such a draft, types a caption and scrolls through the pictures. */
export async function manyPictures(page: Page, address: string): Promise<ManyPictures> {
  const begun = performance.now();
  await page.goto(address);
  await page.getByRole("option").first().waitFor();
  const firstView = performance.now() - begun;
  await page.evaluate(inViewDrawn);
  const allInView = performance.now() - begun;
  // waits for the first check of the draft
  await page.getByText(/^\d+ steps/).waitFor({ timeout: 180_000 });
  await page.getByLabel("Caption", { exact: true }).focus();
  await page.evaluate(watchKeys);
  for (const letter of "a small striped star of paper") {
    await page.keyboard.press(letter === " " ? "Space" : letter);
    await page.waitForTimeout(120);
  }
  const letters = await page.evaluate<number[]>("seenKeys");
  await page.getByRole("listbox").hover();
  const frames = page.evaluate<number[]>(watchFrames);
  for (let i = 0; i < 40; i++) {
    await page.mouse.wheel(0, 400);
    await page.waitForTimeout(50);
  }
  const betweenFrames = await frames;
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return {
    ...{ firstView, allInView },
    letter: [median(letters), Math.max(...letters)],
    frame: [median(betweenFrames), Math.max(...betweenFrames)],
    heapBytes: metrics.find(({ name }) => name === "JSHeapUsedSize")!.value,
  };
}

/** Resolves when all pictures of the list that are in view are loaded. */
const inViewDrawn = `new Promise((resolve) => {
  const look = () => {
    const list = document.querySelector("[role=listbox]");
    const { top, bottom } = list.getBoundingClientRect();
    const seen = [...list.querySelectorAll("img")].filter((image) => {
      const box = image.getBoundingClientRect();
      return box.bottom > top && box.top < Math.min(bottom, innerHeight);
    });
    if (seen.length > 0 && seen.every((image) => image.complete && image.naturalWidth > 0)) resolve();
    else requestAnimationFrame(look);
  };
  look();
})`;

/** Records each key: the time from its press to the frame after its change. */
const watchKeys = `(() => {
  window.seenKeys = [];
  addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => seenKeys.push(performance.now() - timeStamp);
    channel.port2.postMessage(0);
  }), { capture: true });
})()`;

/** Milliseconds between frames, for two and a half seconds. */
const watchFrames = `new Promise((resolve) => {
  const [times, until] = [[], performance.now() + 2500];
  const take = (now) => {
    times.push(now);
    if (now < until) requestAnimationFrame(take);
    else resolve(times.slice(1).map((time, i) => time - times[i]));
  };
  requestAnimationFrame(take);
})`;
