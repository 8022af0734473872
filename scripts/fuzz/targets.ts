import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { arrayOf, inMemory } from "../../src/array/index.ts";
import { clipMerges, tinySdFolder } from "../../src/assets/index.ts";
import { openCheckpoint, readStoredArray, readWeightFile } from "../../src/checkpoint/index.ts";
import { pastedProgram } from "../../src/cli/pasted.ts";
import { processCaption } from "../../src/dataset/captions/caption.ts";
import { readCaption } from "../../src/dataset/captions/caption-file.ts";
import { checkConfig } from "../../src/dataset/config/check.ts";
import { readConfigDocument } from "../../src/dataset/config/document.ts";
import { readMetadata } from "../../src/dataset/images/metadata.ts";
import { readEmbeddingFile } from "../../src/embedding/index.ts";
import { CoinageError } from "../../src/errors/index.ts";
import { decodeBmp } from "../../src/formats/bmp/index.ts";
import { formatNpy, openNpz, parseNpy, writeNpz } from "../../src/formats/npz/index.ts";
import { readPngTexts } from "../../src/formats/png-text/index.ts";
import { parseSafetensors, readTensor } from "../../src/formats/safetensors/index.ts";
import {
  isList,
  isMap,
  isTensor,
  type PickleValue,
  readTorchFile,
  storedTensor,
} from "../../src/formats/torch/index.ts";
import { openZip } from "../../src/formats/zip/index.ts";
import { samplingOf } from "../../src/generation/defaults.ts";
import { readPreviewPrompts } from "../../src/generation/preview/prompts.ts";
import { planRun } from "../../src/generation/prompts/plan.ts";
import { readPromptFile } from "../../src/generation/prompts/read.ts";
import { parseModelId } from "../../src/hub/model-id.ts";
import { inspectFile } from "../../src/inspect/index.ts";
import { diffusionModel } from "../../src/models/index.ts";
import { parseGenerateArguments, parseSettingsFile, parseTrainArguments } from "../../src/options/index.ts";
import { decodePicture } from "../../src/pictures/index.ts";
import { PythonRandom } from "../../src/random/index.ts";
import { inspectionText } from "../../src/reporters/index.ts";
import { createTokenizer, encodePrompts, parsePromptWeights } from "../../src/tokenizer/index.ts";
import { rateTextSchedule } from "../../src/training/lr-schedules/rate-text.ts";
import { parseArguments } from "../../src/training/optimizers/index.ts";
import { decodeState } from "../../src/training/state/state.ts";
import { type Mutate, mutateBytes, mutateText } from "./mutate.ts";
import { filesEnding, texts } from "./seeds.ts";
import { mutateJsonFile, mutatePng, mutateSafetensors, mutateZip } from "./structure.ts";

/** A reader under test. A new one is a line in `targets`. */
export interface Target {
  readonly name: string;
  /** How a finding's file is called behind its stem. */
  readonly ending: string;
  readonly seeds: () => readonly Uint8Array[];
  readonly mutate: Mutate;
  /** Gives what the reader makes of an input. */
  readonly read: (input: Uint8Array) => unknown;
  /** Executions for one of a plain reader's; slow readers get fewer. */
  readonly share: number;
}

const folder = mkdtempSync(path.join(tmpdir(), "coinage-fuzz-"));
/** Takes the files away that readers were given. */
export function removeScratch(): void {
  rmSync(folder, { recursive: true, force: true });
}

const text = (input: Uint8Array) => Buffer.from(input).toString("utf8");

/** A reader of files: the input stands in one. */
function ofFile(name: string, read: (file: string) => unknown): Target["read"] {
  const file = path.join(folder, name);
  return (input) => {
    writeFileSync(file, input);
    return read(file);
  };
}

const tokenizer = createTokenizer(await clipMerges(), { padding: "eos" }).addTokens(["catx", "catx1"]);

const captionSettings = {
  ...{
    captionPrefix: "a",
    captionSuffix: undefined,
    captionSeparator: ",",
    secondarySeparator: ";;;",
    keepTokens: 1,
    keepTokensSeparator: "|||",
  },
  ...{
    shuffleCaption: true,
    enableWildcard: true,
    tokenWarmupMin: 1,
    tokenWarmupStep: 0,
    captionDropoutRate: 0.1,
    captionDropoutEveryNEpochs: 0,
    captionTagDropoutRate: 0.1,
  },
};
const captionState = { epoch: 1, step: 1, maxTrainSteps: 10, replacements: [["cat", ["catx", "{"]] as const] };

const planSettings = {
  sampling: samplingOf({ prompt: "", width: 64, height: 64, negativeScale: 2 }, "sd1"),
  ...{
    seed: 1,
    imagesPerPrompt: 1,
    iterations: 1,
    batchSize: 1,
    shufflesPrompts: false,
    iterSameSeed: false,
    sources: [],
    masks: [],
  },
};

const previewOptions = {
  sampler: undefined,
  clipSkip: 1,
  maxTokenLength: 75,
  tokens: ["catx"],
} as unknown as Parameters<typeof readPreviewPrompts>[1];

/** Every number of the tensors in what a pickle made. */
function tensorsIn(source: ReturnType<typeof inMemory>, whole: PickleValue) {
  const found: unknown[] = [];
  const seen = new Set<PickleValue>();
  const waiting: PickleValue[] = [whole];
  while (waiting.length > 0) {
    const value = waiting.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    if (isMap(value)) waiting.push(...[...value.values()].slice(0, 1000));
    else if (isList(value)) waiting.push(...value.slice(0, 1000));
    else if (isTensor(value) && value.dtype.dtype) {
      const stored = storedTensor(source, value, value.dtype.dtype);
      found.push(
        stored.bytes instanceof Uint8Array
          ? readStoredArray(stored)
          : { shape: stored.shape, bytes: source.read(stored.bytes.offset, stored.bytes.length) },
      );
    }
  }
  return found;
}

function modelFolder(changed: string): string {
  const model = path.join(folder, `model-${changed.replaceAll("/", "-")}`);
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

/** A model one of whose JSON files is the input. */
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

const embeddings = () => filesEnding(".safetensors", ".pt", ".bin", ".ckpt", ".png");
const prompts = () =>
  texts(
    "a photo of catx, (masterpiece:1.3), [blurry] AND a dog BREAK x",
    "{e$$red|blue} {2$$, $$cat|dog|{x|y}} --n blurry --w 640 --h 512 --d 1,2",
    "((a) [b (c:0.5)] \\(d\\)",
    "&amp;amp;lt; ÃƒÂ© ﬁ “x”",
  );
const promptWords = [
  "(",
  ")",
  "[",
  "]",
  ":1.1)",
  "\\",
  "{",
  "}",
  "|",
  "$$",
  "e$$",
  "1-2$$",
  " --d ",
  " --n ",
  " --w ",
  " AND ",
  " BREAK ",
  "catx",
  "&amp;",
  "&#x41;",
  "ÃƒÂ",
  "\u0301",
  " ",
  "\n",
  "__",
];
const tomlWords = [
  "[a]",
  "[[datasets]]",
  "[",
  "]",
  "=",
  '"',
  '"""',
  "{",
  "}",
  ".",
  "__proto__.",
  "constructor",
  "\n",
  "1979-05-27T07:32:00Z",
  "inf",
  "nan",
  "0x",
  "true",
  "#",
  "a.b.c=1\n",
];
const argumentWords = [
  "--",
  "-",
  "=",
  "--resolution",
  "--output_name",
  "512",
  "512,768",
  "a b",
  "\0",
  "1e5",
  "inf",
  "--optimizer_args",
  "betas=0.9,0.99",
  "(",
  "[",
  ",",
  "'",
  '"',
  "\\",
  "^",
  "`",
  "\n",
];

/** Words of a command line, one a line. */
const words = (input: Uint8Array) => text(input).split("\n");

const plain = 1;
const slow = 0.1;
const slowest = 0.02;

export const targets: readonly Target[] = [
  {
    name: "safetensors",
    ending: ".safetensors",
    share: plain,
    seeds: () => filesEnding(".safetensors"),
    mutate: mutateSafetensors,
    read: readSafetensors,
  },
  {
    name: "torch",
    ending: ".pt",
    share: plain,
    seeds: () => filesEnding(".pt", ".bin", ".ckpt"),
    mutate: mutateZip,
    read: readTorch,
  },
  {
    name: "zip",
    ending: ".zip",
    share: plain,
    seeds: () => filesEnding(".pt", ".npz"),
    mutate: mutateZip,
    read: readZip,
  },
  {
    name: "npz",
    ending: ".npz",
    share: plain,
    seeds: npzSeeds,
    mutate: mutateZip,
    read: (input) => [...openNpz(input).values()].map(parseNpy),
  },
  {
    name: "npy",
    ending: ".npy",
    share: plain,
    seeds: () => [formatNpy(arrayOf([2, 3], [1, 2, 3, 4, 5, 6]))],
    mutate: mutateBytes,
    read: parseNpy,
  },
  {
    name: "png-text",
    ending: ".png",
    share: plain,
    seeds: () => filesEnding(".png"),
    mutate: mutatePng,
    read: readPngTexts,
  },
  { name: "bmp", ending: ".bmp", share: plain, seeds: () => filesEnding(".bmp"), mutate: mutateBytes, read: decodeBmp },
  {
    name: "picture",
    ending: ".png",
    share: slow,
    seeds: () => filesEnding(".png", ".jpg", ".webp", ".bmp", ".avif"),
    mutate: mutatePng,
    read: (input) => decodePicture(input),
  },
  {
    name: "embedding",
    ending: ".embedding",
    share: slow,
    seeds: embeddings,
    mutate: mutateAny,
    read: ofFile("word.pt", (file) => readEmbeddingFile(file)),
  },
  {
    name: "inspect",
    ending: ".inspect",
    share: slow,
    seeds: () => [...embeddings(), ...npzSeeds()],
    mutate: mutateAny,
    read: ofFile("file.any", async (file) => inspectionText(await inspectFile(file))),
  },
  {
    name: "weights",
    ending: ".weights",
    share: plain,
    seeds: embeddings,
    mutate: mutateAny,
    read: ofFile("weights.any", (file) => [...readWeightFile(file).tensors.values()].map(readStoredArray)),
  },
  {
    name: "unet-config",
    ending: ".json",
    share: slowest,
    seeds: () => configSeeds("unet"),
    mutate: mutateJsonFile,
    read: ofModelWith("unet/config.json"),
  },
  {
    name: "text-config",
    ending: ".json",
    share: slowest,
    seeds: () => configSeeds("text_encoder"),
    mutate: mutateJsonFile,
    read: ofModelWith("text_encoder/config.json"),
  },
  {
    name: "scheduler-config",
    ending: ".json",
    share: slowest,
    seeds: () => configSeeds("scheduler"),
    mutate: mutateJsonFile,
    read: ofModelWith("scheduler/scheduler_config.json"),
  },
  {
    name: "tokenizer",
    ending: ".txt",
    share: plain,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: (input) => tokenizer.encode(text(input)),
  },
  {
    name: "prompt-weights",
    ending: ".txt",
    share: plain,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: (input) => parsePromptWeights(text(input), { knowsBreak: true }),
  },
  {
    name: "prompt-tokens",
    ending: ".txt",
    share: slow,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: (input) => encodePrompts(tokenizer, [text(input)], { mode: "generation", maxChunks: 3 }),
  },
  {
    name: "prompt-lines",
    ending: ".txt",
    share: plain,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: (input) =>
      planRun(
        words(input)
          .slice(0, 20)
          .map((line, i) => ({ text: line, place: `line ${i}` })),
        planSettings,
      ).batches.length,
  },
  {
    name: "prompt-file",
    ending: ".txt",
    share: slow,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: ofFile("prompts.txt", (file) => readPromptFile(file, "--from_file")),
  },
  {
    name: "sample-prompts",
    ending: ".prompts.json",
    share: slow,
    seeds: () =>
      texts(
        '[{"prompt":"a catx","width":512,"height":512,"sample_steps":20,"scale":7.5,"seed":1,"negative_prompt":"b"}]',
      ),
    mutate: mutateJsonFile,
    read: ofFile("samples.json", (file) => readPreviewPrompts(file, previewOptions)),
  },
  {
    name: "sample-prompts-toml",
    ending: ".prompts.toml",
    share: slow,
    seeds: () => texts('[prompt]\nwidth = 512\n[[prompt.subset]]\nprompt = "a catx"\n'),
    mutate: mutateText(tomlWords),
    read: ofFile("samples.toml", (file) => readPreviewPrompts(file, previewOptions)),
  },
  {
    name: "sample-prompts-txt",
    ending: ".prompts.txt",
    share: slow,
    seeds: prompts,
    mutate: mutateText(promptWords),
    read: ofFile("samples.txt", (file) => readPreviewPrompts(file, previewOptions)),
  },
  {
    name: "caption",
    ending: ".txt",
    share: plain,
    seeds: () => texts("a {cat|dog}, blue sky;;;b ||| c, d", "1\n2\n{a|{b|c}}"),
    mutate: mutateText(promptWords),
    read: (input) => processCaption(text(input), captionSettings, captionState, new PythonRandom(1)),
  },
  {
    name: "caption-file",
    ending: ".caption",
    share: slow,
    seeds: () => texts("a cat\nb"),
    mutate: mutateText(promptWords),
    read: ofFile("picture.caption", () => readCaption(path.join(folder, "picture.png"), ".caption", true)),
  },
  {
    name: "settings-file",
    ending: ".settings.toml",
    share: plain,
    seeds: () => [
      ...filesEnding(".toml"),
      ...texts('output_name = "x"\nresolution = "512,512"\nmax_train_steps = 10\n'),
    ],
    mutate: mutateText(tomlWords),
    read: (input) => parseSettingsFile(text(input), "settings.toml"),
  },
  {
    name: "dataset-toml",
    ending: ".dataset.toml",
    share: slow,
    seeds: () => filesEnding(".toml"),
    mutate: mutateText(tomlWords),
    read: ofFile("dataset.toml", async (file) => checkConfig(await readConfigDocument(file), false)),
  },
  {
    name: "dataset-json",
    ending: ".dataset.json",
    share: slow,
    seeds: () => [
      ...filesEnding("config.json", "ds-json-bigint.json"),
      ...texts('{"general":{"resolution":512},"datasets":[{"subsets":[{"image_dir":"a","num_repeats":2}]}]}'),
    ],
    mutate: mutateJsonFile,
    read: ofFile("dataset.json", async (file) => checkConfig(await readConfigDocument(file), false)),
  },
  {
    name: "metadata",
    ending: ".meta.json",
    share: slow,
    seeds: () => texts('{"a.png":{"caption":"a","tags":"b, c","train_resolution":[64,64],"image_size":[1,2]}}'),
    mutate: mutateJsonFile,
    read: ofFile("meta.json", readMetadata),
  },
  {
    name: "metadata-lines",
    ending: ".meta.jsonl",
    share: slow,
    seeds: () => texts('{"image_path":"a.png","caption":"a"}\n{"image_path":"b.png","tags":"c"}'),
    mutate: mutateText(['{"image_path":"', '"}', "\n", ",", '"caption":', "null"]),
    read: ofFile("meta.jsonl", readMetadata),
  },
  {
    name: "python-literals",
    ending: ".txt",
    share: plain,
    seeds: () => texts("betas=0.9,0.99\nweight_decay=(0.1,)\nname='x'", "a=[1,[2,(3,)]]\nb=None"),
    mutate: mutateText(argumentWords),
    read: (input) => parseArguments(words(input)),
  },
  {
    name: "rate-list",
    ending: ".txt",
    share: plain,
    seeds: () => texts("0.05:10, 0.02:20, 0.005"),
    mutate: mutateText([":", ",", " ", "1e5", "-"]),
    read: (input) => rateTextSchedule(text(input))(3),
  },
  {
    name: "train-arguments",
    ending: ".args.txt",
    share: plain,
    seeds: () => texts("--output_name\nx\n--resolution\n512,512\n--optimizer_args\nbetas=0.9,0.99\n--network_args"),
    mutate: mutateText(argumentWords),
    read: (input) => parseTrainArguments(words(input)),
  },
  {
    name: "generate-arguments",
    ending: ".args.txt",
    share: plain,
    seeds: () => texts("--prompt\na cat\n--W\n512\n--scale\n7.5"),
    mutate: mutateText(argumentWords),
    read: (input) => parseGenerateArguments(words(input)),
  },
  {
    name: "pasted-command",
    ending: ".args.txt",
    share: plain,
    seeds: () =>
      texts(
        "accelerate\nlaunch\n--num_cpu_threads_per_process\n1\ntrain_textual_inversion.py\n--output_name\nx",
        "C:\\venv\\Scripts\\python.exe\n./gen_img.py\n^\n--W",
      ),
    mutate: mutateText(argumentWords),
    read: (input) => pastedProgram(words(input)),
  },
  {
    name: "model-id",
    ending: ".txt",
    share: plain,
    seeds: () => texts("owner/name@main", "https://huggingface.co/a/b/resolve/main/c.safetensors"),
    mutate: mutateText(["/", "@", "..", "%20", "%2e", "https://", "refs/pr/1"]),
    read: (input) => parseModelId(text(input)),
  },
  {
    name: "state",
    ending: ".state.json",
    share: slow,
    seeds: () => texts('{"format":"coinage training state 1","step":1,"epochsDone":1,"circumstances":{"steps":3}}'),
    mutate: mutateJsonFile,
    read: readStateJson,
  },
];

function readSafetensors(input: Uint8Array) {
  const header = parseSafetensors(input);
  return [header, ...[...header.tensors.values()].slice(0, 100).map((entry) => readTensor(input, entry))];
}

function readTorch(input: Uint8Array) {
  const source = inMemory(input, "input.pt");
  return tensorsIn(source, readTorchFile(source).value);
}

function readZip(input: Uint8Array) {
  const zip = openZip(inMemory(input, "input.zip"), (what) => new CoinageError("NPZ_INVALID", what));
  return [...zip.entries.values()].map((entry) => zip.read(entry, 1e7).length);
}

/** What reads a state turns every error into a coded one that says it. */
function readStateJson(input: Uint8Array) {
  try {
    return decodeState(text(input), new Uint8Array());
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return undefined;
  }
}

function npzSeeds() {
  const latents = arrayOf([4, 2, 2], new Float32Array(16).fill(0.5));
  return [
    ...filesEnding(".npz"),
    writeNpz(
      new Map([
        ["latents", latents],
        ["original_size", arrayOf([2], [16, 16])],
      ]),
    ),
  ];
}

function configSeeds(part: string) {
  return filesEnding(`${part}/config.json`, `${part}/scheduler_config.json`);
}

/** As the input's own kind asks for. */
function mutateAny(...[input, dice, seeds]: Parameters<Mutate>) {
  const mutate =
    input[0] === 0x50 ? mutateZip : input[0] === 0x89 ? mutatePng : input[0] === 0x80 ? mutateBytes : mutateSafetensors;
  return mutate(input, dice, seeds);
}
