import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { stringify } from "smol-toml";
import { rowNorms, toFloat32 } from "../../src/array/index.ts";
import { conceptsFolder, tinySdFolder } from "../../src/assets/index.ts";
import { openCheckpoint, readStoredArray } from "../../src/checkpoint/index.ts";
import { readTrainRequest } from "../../src/options/index.ts";
import { type Embedding, type Model, readEmbedding, resultOf } from "../../src/pipeline.ts";
import { type TrainingEvent, train } from "../../src/training/index.ts";
import { type Reading, readScene } from "./reading.ts";
import { type Color, colorNames, type Pattern, type Shape } from "./world.ts";

/** A combination that the small model never saw, with six captioned images in assets/concepts. */
export interface Concept {
  readonly color: Color;
  readonly pattern: Pattern;
  readonly shape: Shape;
  /** Its word in the captions. */
  readonly word: string;
  /** Backgrounds of its images. */
  readonly backgrounds: readonly Color[];
}

export const concepts: readonly Concept[] = [
  {
    ...{ color: "orange", pattern: "striped", shape: "star", word: "quillo" },
    backgrounds: ["purple", "blue", "red", "brown", "black", "gray"],
  },
  {
    ...{ color: "purple", pattern: "dotted", shape: "heart", word: "zorble" },
    backgrounds: ["brown", "yellow", "orange", "green", "gray", "blue"],
  },
  {
    ...{ color: "teal", pattern: "checkered", shape: "ring", word: "vexla" },
    backgrounds: ["green", "orange", "yellow", "blue", "purple", "pink"],
  },
  {
    ...{ color: "pink", pattern: "striped", shape: "cross", word: "brimsy" },
    backgrounds: ["blue", "purple", "yellow", "teal", "green", "black"],
  },
  {
    ...{ color: "green", pattern: "dotted", shape: "diamond", word: "ploofa" },
    backgrounds: ["blue", "pink", "purple", "orange", "brown", "teal"],
  },
];

/** Test backgrounds, most contrast first; a concept's own colour and those of its training images are left out. */
const testBackgrounds: readonly Color[] = ["yellow", "red", "gray", "green", "black", "teal"];

export function newBackgrounds({ color, backgrounds }: Concept, count: number): Color[] {
  return testBackgrounds.filter((name) => name !== color && !backgrounds.includes(name)).slice(0, count);
}

/** A word to train and to score. */
export interface Trial {
  readonly concept: Concept;
  readonly seed: number;
  /** Flags of `coinage train`, besides model, images, word and output. */
  readonly flags: readonly string[];
  readonly backgrounds: readonly Color[];
  /** Pictures per background. */
  readonly pictures: number;
  /** Where learned words are kept, so that other pictures of them can be scored without training again. */
  readonly wordsFolder: string;
}

interface TrainedRun {
  readonly steps: number;
  /** Time from the first step to the end, in seconds. */
  readonly seconds: number;
  /** Losses on the run's frozen batch, by step; empty without --eval_every_n_steps. */
  readonly evaluations: readonly (readonly [step: number, loss: number])[];
}

export interface TrialResult extends TrainedRun {
  /** Share of the pictures with the right shape, colour and pattern at once. */
  readonly learned: number;
  /** The same for the last vectors. */
  readonly lastLearned: number;
  readonly shape: number;
  readonly color: number;
  readonly pattern: number;
  /** Share of the pictures with the right background. */
  readonly background: number;
  /** Mean length of the vectors, relative to that of the vocabulary's. */
  readonly norm: number;
  /** What each picture shows. */
  readonly seen: readonly string[];
}

/** In place of flags: trains nothing and describes the concept in words. This shows how well the small model draws what it knows. */
export const toldInWords = "told in words";

/** Trains a concept's word, unless it is kept from an earlier trial, and scores what is generated with it. model: the small one, opened. threads: for training; unset: all. */
export async function runTrial(trial: Trial, model: Model, threads?: number): Promise<TrialResult> {
  const { color, pattern, shape, word } = trial.concept;
  const learned = trial.flags.join(" ") === toldInWords ? undefined : await learn(trial, threads);
  const readings = await look(trial, learned ? word : `${color} ${pattern} ${shape}`, learned?.embedding, model);
  const ofLast = learned?.last ? await look(trial, word, learned.last, model) : readings;
  const isWhole = (seen: Reading) => seen.shape === shape && seen.color === color && seen.pattern === pattern;
  return {
    learned: shareOf(readings, isWhole),
    lastLearned: shareOf(ofLast, isWhole),
    shape: shareOf(readings, (seen) => seen.shape === shape),
    color: shareOf(readings, (seen) => seen.color === color),
    pattern: shareOf(readings, (seen) => seen.pattern === pattern),
    background: shareOf(readings, (seen, asked) => seen.background === asked),
    norm: learned ? (await meanNorm(learned.embedding)) / (await vocabularyNorm()) : 1,
    seen: readings.map(({ reading }) =>
      reading ? `${reading.color} ${reading.pattern} ${reading.shape} on ${reading.background}` : "nothing",
    ),
    ...(learned?.run ?? { steps: 0, seconds: 0, evaluations: [] }),
  };
}

/** What a picture shows, and the background in its prompt. */
interface Seen {
  readonly background: Color;
  readonly reading: Reading | undefined;
}

function shareOf(pictures: readonly Seen[], isRight: (reading: Reading, background: Color) => boolean): number {
  return pictures.filter(({ reading, background }) => reading && isRight(reading, background)).length / pictures.length;
}

interface LearnedWord {
  readonly embedding: Embedding;
  /** The last vectors, if the run kept others. */
  readonly last: Embedding | undefined;
  readonly run: TrainedRun;
}

/** Trains the word of a trial, or reads it if it is kept. */
async function learn(trial: Trial, threads?: number): Promise<LearnedWord> {
  const { concept, seed, flags, wordsFolder } = trial;
  const key = createHash("sha256")
    .update(JSON.stringify([concept.word, seed, flags]))
    .digest("hex")
    .slice(0, 16);
  const file = path.join(wordsFolder, `${concept.shape}-${seed}-${key}.safetensors`);
  const about = file.replace(/safetensors$/, "json");
  if (!existsSync(about)) {
    await mkdir(wordsFolder, { recursive: true });
    await writeFile(about, JSON.stringify(await teach(trial, file, threads)));
  }
  const run = JSON.parse(await readFile(about, "utf8")) as TrainedRun;
  const last = lastOf(file);
  return {
    run,
    embedding: await readEmbedding(file, concept.word),
    last: existsSync(last) ? await readEmbedding(last, concept.word) : undefined,
  };
}

/** The file of a run's last vectors, beside that of the ones it kept (--keep both). */
const lastOf = (file: string) => file.replace(/\.safetensors$/, "-last.safetensors");

/** Trains a word and copies it to a file; its last vectors too, if they differ. */
async function teach({ concept, seed, flags }: Trial, file: string, threads?: number): Promise<TrainedRun> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "coinage-learning-"));
  try {
    const { color, pattern, shape, word } = concept;
    const subset = { image_dir: path.join(conceptsFolder, `${color}-${pattern}-${shape}`), num_repeats: 10 };
    const config = path.join(folder, "dataset.toml");
    const general = { resolution: 128, caption_extension: ".txt" };
    await writeFile(config, stringify({ general, datasets: [{ subsets: [subset] }] }));
    const request = await readTrainRequest([
      ...["--pretrained_model_name_or_path", tinySdFolder, "--dataset_config", config, "--token_string", word],
      ...["--init_word", shape, "--cache_latents"],
      // recipes set these themselves
      ...(flags.includes("--recipe") ? [] : ["--num_vectors_per_token", "2", "--train_batch_size", "4"]),
      ...["--save_model_as", "safetensors", "--seed", String(seed), "--output_dir", folder, "--device", "cpu"],
      ...["--report_images", "none"],
      ...(threads ? ["--threads", String(threads)] : []),
      ...flags,
    ]);
    if (request.kind !== "train") throw new Error(`these flags train nothing: ${flags.join(" ")}`);
    let done: Extract<TrainingEvent, { kind: "done" }> | undefined;
    let hasChosen = false;
    let begun = performance.now();
    const evaluations: [number, number][] = [];
    for await (const event of train(request)) {
      if (event.kind === "start") begun = performance.now();
      if (event.kind === "evaluation") evaluations.push([event.step, event.loss]);
      if (event.kind === "choice") hasChosen = event.chosen !== "last";
      if (event.kind === "done") done = event;
    }
    await copyFile(done!.file, file);
    if (hasChosen) await copyFile(lastOf(done!.file), lastOf(file));
    return { steps: done!.step, seconds: (performance.now() - begun) / 1000, evaluations };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What pictures of a noun show, on each background. Their seeds differ between trials, and are the same for all flags. */
async function look(
  { seed, backgrounds, pictures }: Trial,
  noun: string,
  embedding: Embedding | undefined,
  model: Model,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const background of backgrounds) {
    const images = await resultOf(
      model.generate({
        prompt: `a photo of a ${noun} on a ${background} background`,
        embeddings: embedding ? [embedding] : [],
        ...{ width: 128, height: 128, sampler: "ddim", steps: 15, guidanceScale: 5 },
        ...{ images: pictures, batchSize: pictures, seed: 1000 * seed + 100 * colorNames.indexOf(background) },
      }),
    );
    for (const image of images) seen.push({ background, reading: readScene(image) });
  }
  return seen;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function meanNorm({ vectors }: Embedding): Promise<number> {
  return mean(vectors.flatMap((table) => rowNorms(toFloat32(table))));
}

let usualNorm: Promise<number> | undefined;

/** Mean length of the vectors of the small model's words. */
function vocabularyNorm(): Promise<number> {
  usualNorm ??= openCheckpoint(tinySdFolder).then(({ textEncoder }) => {
    const table = textEncoder.tensors.get("text_model.embeddings.token_embedding.weight")!;
    return mean(rowNorms(toFloat32(readStoredArray(table))));
  });
  return usualNorm;
}
