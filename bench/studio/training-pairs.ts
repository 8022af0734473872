import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { conceptsFolder, tinySdFolder } from "../../src/assets/index.ts";
import { follow, placesOf } from "../../src/runs/index.ts";
import type { OpenStudio } from "../../test/studio/launch.ts";
import { median } from "../results.ts";

const [steps, pairs] = [120, 5];

/** How much longer training takes while its page is open, as a factor: runs of the small model in turn with and without it. The steps of each run after the
 *  first ten count. */
export async function trainingPairs(studio: OpenStudio, page: Page): Promise<number> {
  const factors: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const watched = await secondsOf(studio, page);
    const alone = await secondsOf(studio, undefined);
    factors.push(watched / alone);
  }
  return median(factors);
}

/** Seconds of a run's steps. */
async function secondsOf({ home, address }: OpenStudio, page: Page | undefined): Promise<number> {
  const root = path.join(home, "runs");
  const before = new Set(readdirSync(root));
  const child = spawn(
    process.execPath,
    [
      ...["--import", "tsx", fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url)), "train"],
      ...["--pretrained_model_name_or_path", tinySdFolder, "--token_string", "quillo", "--init_word", "star"],
      ...["--image_dir", path.join(conceptsFolder, "orange-striped-star"), "--resolution", "128", "--cache_latents"],
      ...["--train_batch_size", "4", "--learning_rate", "0.005", "--max_train_steps", String(steps), "--seed", "1"],
      // one core is left for studio and browser, as on a machine with a graphics card
      ...["--threads", "1", "--run", "watched"],
    ],
    { env: { ...process.env, COINAGE_HOME: home }, stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let id: string | undefined;
  while (id === undefined) {
    await pause(50);
    id = readdirSync(root).find((name) => !before.has(name));
  }
  await page?.goto(`${address}run/${encodeURIComponent(id)}`);
  let [begun, last] = [0, 0];
  for await (const entry of follow(placesOf(path.join(root, id)))) {
    if (entry.kind === "step" && entry.step === 10) begun = entry.time;
    if (entry.kind === "step" && entry.step === steps) last = entry.time;
    if (entry.kind === "closed") break;
  }
  await ended;
  if (page) await page.goto("about:blank");
  return (last - begun) / 1000;
}
