import path from "node:path";
import { nameElsewhere, usesInPrograms } from "../embedding/index.ts";
import { quotedWord } from "../files/index.ts";
import type { TrainSettings } from "../options/index.ts";
import { generateWords } from "../report/index.ts";
import type { RunSummary, StepEvent, TrainingEvent } from "../training/index.ts";

/** How a command was called, to show further ones in the same way. */
export interface Caller {
  /** "npx coinage". */
  readonly program: string;
  /** The words after it. */
  readonly words: readonly string[];
}

/** A command line for a shell of this platform, words quoted where needed. */
export function commandLine({ program }: Pick<Caller, "program">, words: readonly string[]): string {
  return [program, ...words.map((word) => quotedWord(shownWord(word)))].join(" ");
}

/** A URL without what may be secret: user, password, query. */
function shownWord(word: string): string {
  if (!/^https?:\/\/\S+$/.test(word) || !URL.canParse(word)) return word;
  const { origin, pathname } = new URL(word);
  return origin + pathname;
}

interface EndedRun {
  readonly done: Extract<TrainingEvent, { readonly kind: "done" }>;
  readonly run: RunSummary | undefined;
  readonly lastStep: StepEvent | undefined;
  readonly reportFile: string | undefined;
  readonly settings: TrainSettings;
  readonly caller: Caller;
}

/** What to do after a run: continue it if it was interrupted, look at its result and use it. */
export function nextSteps(ended: EndedRun): string[] {
  const goOn = ended.done.isInterrupted
    ? [
        ended.done.state ? "Continue:" : "Continue from there, with a new optimizer state:",
        `  ${goOnCommand(ended)}`,
        "",
      ]
    : [];
  const look = ended.reportFile ? ["See in a browser what was learned:", `  ${ended.reportFile}`, ""] : [];
  return [
    ...goOn,
    ...look,
    "Generate images with it:",
    `  ${drawCommand(ended)}`,
    ...(ended.settings.xti ? [] : [otherPrograms(ended)]),
  ];
}

/** The file extension decides which other programs load the file; its name is the word there. */
function otherPrograms({ done: { file, word } }: EndedRun): string {
  const { base, ext } = path.parse(file);
  const name = nameElsewhere(file, word);
  const renamed = name === base ? "" : `, as ${name},`;
  const uses = usesInPrograms(file, word);
  const folders = uses.filter(({ program }) => program !== "InvokeAI").map(({ program }) => program);
  const programs = `${folders.slice(0, -1).join(", ")} or ${folders.at(-1)}`;
  const copy = `Or copy it${renamed} into the embeddings folder of ${programs}, or add it to InvokeAI's models`;
  const different = uses.filter(({ call }) => call !== word).map(({ program, call }) => `${program}: ${call}`);
  const calls = `its file name is the word there (${different.join(", ")}).`;
  const refused = ext === ".ckpt" ? " A1111, Forge and ComfyUI do not load .ckpt." : "";
  const sdNext = ext === ".pt" ? " SD.Next loads .safetensors: --save_model_as safetensors." : "";
  return `${copy}: ${calls}${refused}${sdNext}`;
}

function drawCommand({ done, run, settings, caller }: EndedRun): string {
  const words = generateWords({
    ...settings,
    model: settings.pretrainedModelNameOrPath,
    family: run?.family,
    file: done.file,
    word: done.word,
    isLayered: settings.xti,
    isStyle: run ? run.template === "style" : settings.useStyleTemplate,
    resolution: run?.dataset.datasets[0]?.resolution,
  });
  return commandLine(caller, words);
}

/** The user's own command line followed by what differs: the last of two equal flags wins. */
function goOnCommand({ done, lastStep, settings, caller }: EndedRun): string {
  // a run with a folder of its own knows its state
  if (done.state && settings.run !== undefined) return commandLine(caller, caller.words);
  if (done.state) return commandLine(caller, [...caller.words, "--resume", done.state]);
  const steps = lastStep?.steps ?? settings.maxTrainSteps;
  const stepsLeft = steps - done.step;
  const epochsLeft = Math.ceil((stepsLeft / steps) * (lastStep?.epochs ?? 1));
  // --time fits the rest of the training again
  if (settings.time !== undefined) return commandLine(caller, [...caller.words, "--weights", done.file]);
  const length = settings.maxTrainEpochs
    ? ["--max_train_epochs", String(epochsLeft)]
    : ["--max_train_steps", String(stepsLeft)];
  return commandLine(caller, [...caller.words, "--weights", done.file, ...length]);
}
