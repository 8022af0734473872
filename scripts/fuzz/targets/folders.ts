import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { arrayOf } from "../../../src/array/index.ts";
import { tinySdFolder } from "../../../src/assets/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { inspectFile } from "../../../src/inspect/index.ts";
import { diffusionModel } from "../../../src/models/index.ts";
import { PythonRandom, TorchGenerator } from "../../../src/random/index.ts";
import { readState } from "../../../src/training/state/files.ts";
import { encodeState, type TrainingState } from "../../../src/training/state/state.ts";
import { hubAnswers, readHubAnswer } from "../hub.ts";
import { filesEnding, texts } from "../seeds.ts";
import { mutateJsonFile, mutateSafetensors } from "../structure.ts";
import { reader, scratch, slowest, type Target } from "./target.ts";

/** Readers of folders of files, and of a hub's answers. */
export const folderTargets: readonly Target[] = [
  reader("unet-config", ".json", () => configSeeds("unet"), mutateJsonFile, ofModelWith("unet/config.json"), slowest),
  reader(
    "text-config",
    ".json",
    () => configSeeds("text_encoder"),
    mutateJsonFile,
    ofModelWith("text_encoder/config.json"),
    slowest,
  ),
  reader(
    "scheduler-config",
    ".json",
    () => configSeeds("scheduler"),
    mutateJsonFile,
    ofModelWith("scheduler/scheduler_config.json"),
    slowest,
  ),
  reader("state", ".state.json", () => stateSeeds("state.json"), mutateJsonFile, ofStateWith("state.json"), slowest),
  reader(
    "state-arrays",
    ".safetensors",
    () => stateSeeds("arrays.safetensors"),
    mutateSafetensors,
    ofStateWith("arrays.safetensors"),
    slowest,
  ),
  reader("hub-answer", ".hub.json", () => texts(...hubAnswers), mutateJsonFile, readHubAnswer, slowest),
];

function configSeeds(part: string) {
  return filesEnding(`${part}/config.json`, `${part}/scheduler_config.json`);
}

function modelFolder(changed: string): string {
  const model = path.join(scratch, `model-${changed.replaceAll("/", "-")}`);
  for (const part of readdirSync(tinySdFolder, { withFileTypes: true }))
    for (const name of part.isDirectory()
      ? readdirSync(path.join(tinySdFolder, part.name)).map((inner) => `${part.name}/${inner}`)
      : [part.name]) {
      if (name === changed) continue;
      mkdirSync(path.dirname(path.join(model, name)), { recursive: true });
      symlinkSync(path.join(tinySdFolder, name), path.join(model, name));
    }
  return model;
}

/** A model in which the input replaces one JSON file. */
function ofModelWith(changed: string): Target["read"] {
  let model: string | undefined;
  return async (input) => {
    model ??= modelFolder(changed);
    mkdirSync(path.dirname(path.join(model, changed)), { recursive: true });
    writeFileSync(path.join(model, changed), input);
    const checkpoint = await openCheckpoint(model);
    const { unet, vae, textEncoders } = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
    return [unet, vae, ...textEncoders].map(({ architecture }) => architecture);
  };
}

function sampleState(): TrainingState {
  const embeddings = arrayOf([2, 2], [0.1, 0.2, 3, 4]);
  return {
    identity: { model: { unet: "a" }, settings: { learning_rate: 0.1 }, dataset: { seed: 4 } },
    environment: {
      program: "coinage 1",
      device: "cpu",
      threads: 2,
      processor: "any",
      gradientCheckpointing: false,
      lowram: false,
      steps: 20,
      startedFrom: "--init_word ring",
    },
    progress: { step: 7, epochsDone: 1, epoch: { number: 2, order: [2, 0, 1], losses: [0.1, 0.2] } },
    seed: 1,
    generators: { torch: new TorchGenerator(3).state(), python: new PythonRandom(3).state() },
    embeddings: [embeddings],
    initialEmbeddings: [embeddings],
    warnings: [],
    lossScale: { value: 32768, finiteSteps: 3 },
    optimizer: { numbers: { count: 7 }, arrays: { "0/learned/mean": Float32Array.of(0.1, 0.2) } },
    recipe: undefined,
    runId: "a run",
    finalFile: "a digest",
    prunableFiles: new Map(),
  };
}

/** A training state in which the input replaces one of its two files. */
function ofStateWith(changed: "state.json" | "arrays.safetensors"): Target["read"] {
  const state = path.join(scratch, `state-with-${changed}`);
  return async (input) => {
    mkdirSync(state, { recursive: true });
    for (const [name, bytes] of Object.entries(encodeState(sampleState())))
      writeFileSync(path.join(state, name), bytes);
    writeFileSync(path.join(state, changed), input);
    const inspected = await inspectFile(state);
    return [inspected, await readState(state)];
  };
}

function stateSeeds(name: string) {
  const file = encodeState(sampleState())[name]!;
  return typeof file === "string" ? texts(file) : [file];
}
