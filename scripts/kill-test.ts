import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { conceptsFolder, tinySdFolder } from "../src/assets/index.ts";
import type { TrainingEvent } from "../src/training/index.ts";
import { newestState, runInProcess } from "../test/killed-run.ts";

// Kills real training processes (SIGKILL) at random moments and resumes them from their newest state, again and again:
// the losses and the bytes of the final file must be those of a run that nobody touched.
// node --import tsx scripts/kill-test.ts [--kills 25] [--steps 40] [--threads 1]

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "25" },
    steps: { type: "string", default: "40" },
    threads: { type: "string", default: "1" },
  },
});
const [wantedKills, threads] = [Number(values.kills), values.threads];
const work = mkdtempSync(path.join(os.tmpdir(), "coinage-kill-test-"));
const config = path.join(work, "concept.toml");
const folder = path.join(conceptsFolder, "teal-checkered-ring");
writeFileSync(
  config,
  `[general]\nresolution = 128\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(folder)}\ncaption_extension = ".txt"\nclass_tokens = "vexla"\nshuffle_caption = true\nflip_aug = true\n`,
);

/** Settings with every source of chance: pictures encoded anew (their latents drawn), captions, mirroring, noise of both generators. */
function flagsFor(outputDir: string): string[] {
  return [
    ...["--pretrained_model_name_or_path", tinySdFolder, "--dataset_config", config, "--output_dir", outputDir],
    ...["--token_string", "vexla", "--init_word", "ring", "--num_vectors_per_token", "2", "--seed", "1"],
    ...["--optimizer_type", "Prodigy", "--learning_rate", "1", "--max_train_steps", values.steps],
    ...["--noise_offset", "0.05", "--multires_noise_iterations", "3", "--gradient_accumulation_steps", "2"],
    ...["--save_model_as", "pt", "--save_every_n_steps", "1", "--save_state", "--save_last_n_steps", "1"],
    ...["--threads", threads],
  ];
}

function lossesOf(events: readonly TrainingEvent[]): [number, number][] {
  return events.flatMap((event) => (event.kind === "step" ? [[event.step, event.loss]] : []));
}

const wordIn = (outputDir: string): Buffer => readFileSync(path.join(outputDir, "vexla.pt"));

const straightFolder = path.join(work, "straight");
const marks = { began: performance.now(), started: 0 };
const straight = await runInProcess(flagsFor(straightFolder), ({ kind }) => {
  if (kind === "start") marks.started = performance.now();
  return false;
});
const expected = new Map(lossesOf(straight.events));
const [startMs, runMs] = [marks.started - marks.began, performance.now() - marks.started];
console.log(`straight run: ${expected.size} steps in ${Math.round(runMs)} ms, begun after ${Math.round(startMs)} ms`);

/** A random moment to kill a process at: while it starts, at any time of its run, or a moment after it has written an embedding and begun a state.
 *  tell: is told of every event. */
function randomDeath() {
  const death = new AbortController();
  const dieIn = (limitMs: number) => setTimeout(() => death.abort(), Math.random() * limitMs);
  const kinds = ["starting", "running", "running", "writing", "writing"] as const;
  const when = kinds[Math.floor(Math.random() * kinds.length)]!;
  let saves = Math.floor((Math.random() * expected.size) / 3);
  const timers = when === "starting" ? [dieIn(startMs)] : [];
  const tell = ({ kind }: TrainingEvent): boolean => {
    if (when === "running" && kind === "start") timers.push(dieIn(runMs));
    if (when === "writing" && kind === "saved" && saves-- === 0) timers.push(dieIn(30));
    return false;
  };
  return { when, tell, signal: death.signal, cancel: () => timers.forEach(clearTimeout) };
}

let [kills, rounds, differences] = [0, 0, 0];
while (kills < wantedKills) {
  const outputDir = path.join(work, `killed${rounds++}`);
  mkdirSync(outputDir);
  for (let isOver = false; !isOver; ) {
    const state = newestState(outputDir);
    const resuming = state === undefined ? [] : ["--resume", state];
    const death = kills < wantedKills ? randomDeath() : undefined;
    const flags = [...flagsFor(outputDir), ...resuming];
    const { events, isKilled } = await runInProcess(flags, death?.tell ?? (() => false), death?.signal);
    death?.cancel();
    for (const [step, loss] of lossesOf(events)) if (loss !== expected.get(step)) differences++;
    isOver = !isKilled;
    if (!isKilled) continue;
    kills++;
    const last = events.at(-1);
    const point = last && "step" in last ? `${last.kind} ${last.step}` : (last?.kind ?? "nothing");
    const from = state === undefined ? "the beginning" : path.basename(state);
    console.log(`kill ${kills} while ${death?.when}: went on from ${from}, last heard of: ${point}`);
  }
  const isSame = wordIn(outputDir).equals(wordIn(straightFolder));
  if (!isSame) differences++;
  console.log(`run ${rounds} came to its end: ${isSame ? "same file" : "ANOTHER FILE"}`);
}
rmSync(work, { recursive: true });
console.log(`${kills} kills, ${rounds} runs, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
