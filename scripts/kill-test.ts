import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { conceptsFolder, tinySdFolder } from "../src/assets/index.ts";
import type { TrainingEvent } from "../src/training/index.ts";
import { newestState, runInProcess } from "../test/killed-run.ts";

// Kills real training processes (SIGKILL) at random moments of every phase and resumes them from their newest state, repeatedly:
// losses and the bytes of the final file must equal those of an undisturbed run, and killed runs must leave no temporary files.
// npm run kill-test -- [--kills 200] [--steps 40] [--threads 1] [--variants anew,cached,disk,learning]

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    steps: { type: "string", default: "40" },
    threads: { type: "string", default: "1" },
    variants: { type: "string", default: "anew,cached,disk,learning" },
  },
});
const wantedKills = Number(values.kills);
const work = mkdtempSync(path.join(os.tmpdir(), "coinage-kill-test-"));

const write = (name: string, text: string): string => {
  const file = path.join(work, name);
  writeFileSync(file, text);
  return file;
};
const config = (pictures: string): string =>
  `[general]\nresolution = 128\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(pictures)}\ncaption_extension = ".txt"\nclass_tokens = "vexla"\nshuffle_caption = true\nflip_aug = true\n`;
const prompts = write("prompts.txt", "a photo of vexla --w 128 --h 128 --s 4\na vexla --w 64 --h 64 --s 4\n");

const prodigy = ["--optimizer_type", "Prodigy", "--learning_rate", "1"] as const;
/** Runs with every source of randomness: latents sampled at each step or cached, captions, mirroring, noise of both generators; and with features that sd-scripts lacks. */
const variants = {
  anew: prodigy,
  cached: [...prodigy, "--cache_latents"],
  disk: [...prodigy, "--cache_latents_to_disk"],
  learning: [
    ...[
      "--cache_latents",
      "--update",
      "direction",
      "--direction_momentum",
      "0.8",
      "--prior_pull",
      "auto",
      "--init",
      "output",
    ],
    ...["--timestep_sampling", "stratified", "--row_average", "0.9", "--eval_every_n_steps", "2", "--early_stop"],
    ...["--keep", "both"],
  ],
} as const;
type Variant = keyof typeof variants;
const tried = (Object.keys(variants) as Variant[]).filter((name) => values.variants.split(",").includes(name));

/** Makes a folder for one run: its images, with latent caches beside them, and its output. */
function newRun(
  variant: Variant,
  name: string,
): { readonly pictures: string; readonly out: string; readonly flags: string[] } {
  const pictures = path.join(work, name, "pictures");
  cpSync(path.join(conceptsFolder, "teal-checkered-ring"), pictures, { recursive: true });
  const out = path.join(work, name, "out");
  mkdirSync(out);
  const flags = [
    ...["--pretrained_model_name_or_path", tinySdFolder, "--output_dir", out],
    ...["--dataset_config", write(path.join(name, "concept.toml"), config(pictures))],
    ...["--token_string", "vexla", "--init_word", "ring", "--num_vectors_per_token", "2", "--seed", "1"],
    ...["--max_train_steps", values.steps],
    ...["--noise_offset", "0.05", "--multires_noise_iterations", "3", "--gradient_accumulation_steps", "2"],
    ...["--save_model_as", "pt", "--save_every_n_steps", "1", "--save_state", "--save_last_n_steps", "1"],
    ...["--sample_prompts", prompts, "--sample_every_n_steps", String(sampleEvery), "--threads", values.threads],
    ...variants[variant],
  ];
  return { pictures, out, flags };
}

const sampleEvery = 4;

function lossesOf(events: readonly TrainingEvent[]): [number, number][] {
  return events.flatMap((event) => (event.kind === "step" ? [[event.step, event.loss]] : []));
}

/** An undisturbed run and the durations of its phases. */
async function undisturbedRun(variant: Variant) {
  const { out, flags } = newRun(variant, `undisturbed ${variant}`);
  const times: { readonly kind: TrainingEvent["kind"]; readonly at: number }[] = [];
  const began = performance.now();
  const { events } = await runInProcess(flags, ({ kind }) => {
    times.push({ kind, at: performance.now() - began });
    return false;
  });
  const losses = new Map(lossesOf(events));
  const startMs = times.find(({ kind }) => kind === "start")!.at;
  const firstSample = times.findIndex(({ kind }) => kind === "sample");
  const sampleMs = times[firstSample]!.at - times[firstSample - 1]!.at;
  const stepMs = (times.at(-1)!.at - startMs) / losses.size;
  console.log(`undisturbed run (${variant}): ${losses.size} steps in ${Math.round(times.at(-1)!.at)} ms`);
  return { losses, word: readFileSync(path.join(out, "vexla.pt")), startMs, sampleMs, stepMs };
}

const phases = ["starting", "caching", "training", "saving", "sampling"] as const;
type Phase = (typeof phases)[number];

/** A random moment of a phase at which to kill a process. `tell` receives every event. */
function randomDeath(phase: Phase, { losses, startMs, sampleMs, stepMs }: Awaited<ReturnType<typeof undisturbedRun>>) {
  const death = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const dieIn = (limitMs: number) => void timers.push(setTimeout(() => death.abort(), Math.random() * limitMs));
  if (phase === "starting") dieIn(startMs);
  let toGo = Math.floor(Math.random() * (phase === "caching" || phase === "sampling" ? 4 : losses.size / 3));
  const isTime = (event: TrainingEvent): boolean => {
    if (phase === "caching") return event.kind === "caching";
    if (phase === "sampling") return event.kind === "stateSaved" && (event.step + 1) % sampleEvery === 0;
    return event.kind === "step";
  };
  const tell = (event: TrainingEvent): boolean => {
    if (!isTime(event) || toGo-- !== 0) return false;
    // a step is followed by a save of some milliseconds, then by the next step
    dieIn(phase === "caching" ? 20 : phase === "saving" ? 30 : phase === "sampling" ? stepMs + 2 * sampleMs : stepMs);
    return false;
  };
  return { tell, signal: death.signal, cancel: () => timers.forEach(clearTimeout) };
}

const counts = Object.fromEntries(phases.map((phase) => [phase, 0])) as Record<Phase, number>;
const killed = (): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const undisturbed = new Map<Variant, Awaited<ReturnType<typeof undisturbedRun>>>();
for (const variant of tried) undisturbed.set(variant, await undisturbedRun(variant));

let [runs, differences] = [0, 0];
while (killed() < wantedKills) {
  const variant = tried[runs % tried.length]!;
  const expected = undisturbed.get(variant)!;
  const { pictures, out, flags } = newRun(variant, `killed${++runs}`);
  for (let isOver = false; !isOver; ) {
    const state = newestState(out);
    const resuming = state === undefined ? [] : ["--resume", state];
    const phase = phases[Math.floor(Math.random() * phases.length)]!;
    const death = killed() < wantedKills ? randomDeath(phase, expected) : undefined;
    const { events, isKilled } = await runInProcess(
      [...flags, ...resuming],
      death?.tell ?? (() => false),
      death?.signal,
    );
    death?.cancel();
    for (const [step, loss] of lossesOf(events)) if (loss !== expected.losses.get(step)) differences++;
    isOver = !isKilled;
    if (!isKilled) continue;
    counts[phase]++;
    const last = events.at(-1);
    const point = last && "step" in last ? `${last.kind} ${last.step}` : (last?.kind ?? "nothing");
    const from = state === undefined ? "the beginning" : path.basename(state);
    console.log(`kill ${killed()} while ${phase}: resumed from ${from}, last event: ${point}`);
  }
  const isSame = readFileSync(path.join(out, "vexla.pt")).equals(expected.word);
  const left = [out, pictures].flatMap((folder) => readdirSync(folder)).filter((name) => /^\.|-old/.test(name));
  if (!isSame || left.length > 0) differences++;
  console.log(
    `run ${runs} (${variant}) finished: ${isSame ? "same file" : "DIFFERENT FILE"}, left: ${left.join(" ") || "nothing"}`,
  );
}
rmSync(work, { recursive: true });
const byPhase = phases.map((phase) => `${counts[phase]} ${phase}`).join(", ");
console.log(`${killed()} kills (${byPhase}), ${runs} runs, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
