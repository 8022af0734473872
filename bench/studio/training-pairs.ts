import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { conceptsFolder } from "../../src/assets/index.ts";
import { follow, placesOf } from "../../src/runs/index.ts";
import type { OpenStudio } from "../../test/studio/launch.ts";

/** A run that is watched and not watched in turn. */
export interface Turns {
  /** Path of the model. */
  readonly model: string;
  readonly side: number;
  readonly batch: number;
  /** Length of a turn, in milliseconds. A turn with slow steps starts and ends with a step. */
  readonly turnMs: number;
  readonly pairs: number;
}

/** How much longer a step takes while the run's page is in view, as a factor. */
export interface Slowdown {
  readonly factor: number;
  /** Standard error of the factor. */
  readonly error: number;
  readonly pairs: number;
  /** Steps per second without a page. */
  readonly stepsPerSecond: number;
}

/** Trains and watches in turns: both turns of a pair are of one process, one after the other, and which is first alternates. */
export async function trainingPairs(studio: OpenStudio, page: Page, turns: Turns): Promise<Slowdown> {
  const run = await begin(studio, turns);
  const address = `${studio.address}run/${encodeURIComponent(run.id)}`;
  try {
    await run.steps(3);
    const logs: number[] = [];
    let [steps, seconds] = [0, 0];
    for (let pair = 0; pair < turns.pairs; pair++) {
      const paces = new Map<boolean, number>();
      for (const isWatched of pair % 2 === 0 ? [true, false] : [false, true]) {
        await page.goto(isWatched ? address : "about:blank");
        if (isWatched) await page.getByRole("heading", { name: "Curves" }).waitFor();
        // lets work left from opening or closing the page finish
        await pause(settleMs);
        const { count, ms } = await run.during(turns.turnMs);
        paces.set(isWatched, ms / count);
        if (!isWatched) [steps, seconds] = [steps + count, seconds + ms / 1000];
      }
      logs.push(Math.log(paces.get(true)! / paces.get(false)!));
    }
    await page.goto("about:blank");
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
    const factor = Math.exp(mean);
    return {
      ...{ factor, error: factor * Math.sqrt(variance / logs.length) },
      ...{ pairs: logs.length, stepsPerSecond: steps / seconds },
    };
  } finally {
    await run.end();
  }
}

/** Pause before a turn, in milliseconds. */
const settleMs = 1500;

/** Starts a run that trains until it is ended. */
async function begin({ home }: OpenStudio, { model, side, batch }: Turns) {
  const root = path.join(home, "runs");
  const before = new Set(readdirSync(root));
  const child = spawn(
    process.execPath,
    [
      ...["--import", "tsx", fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url)), "train"],
      ...["--pretrained_model_name_or_path", model, "--token_string", "quillo", "--init_word", "star"],
      ...["--image_dir", path.join(conceptsFolder, "orange-striped-star"), "--resolution", String(side)],
      ...["--cache_latents", "--train_batch_size", String(batch), "--learning_rate", "0.005", "--seed", "1"],
      ...["--max_train_steps", "1000000", "--run", "watched"],
    ],
    { env: { ...process.env, COINAGE_HOME: home }, stdio: "ignore" },
  );
  const gone = new AbortController();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve())).then(() => gone.abort());
  let id: string | undefined;
  while (id === undefined) {
    if (child.exitCode !== null) throw new Error("the training that was to be watched has ended");
    await pause(50);
    id = readdirSync(root).find((name) => !before.has(name));
  }
  const times: number[] = [];
  let told = (): void => {};
  gone.signal.addEventListener("abort", () => told());
  const hearing = (async () => {
    for await (const entry of follow(placesOf(path.join(root, id)), 0, { signal: gone.signal })) {
      if (entry.kind === "step") times.push(entry.time);
      told();
    }
  })();
  /** Waits for `count` more steps. */
  const steps = async (count: number): Promise<void> => {
    const wanted = times.length + count;
    while (times.length < wanted) {
      if (gone.signal.aborted) throw new Error("the training that was to be watched has ended");
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
  };
  return {
    id,
    steps,
    /** Counts steps for at least `ms`, from the end of one step to the end of another. */
    async during(ms: number): Promise<{ readonly count: number; readonly ms: number }> {
      await steps(1);
      const first = times.length - 1;
      await pause(ms);
      await steps(1);
      const last = times.length - 1;
      return { count: last - first, ms: times[last]! - times[first]! };
    },
    async end(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
      await hearing;
    },
  };
}
