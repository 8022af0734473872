import path from "node:path";
import { quotedWord } from "../files/index.ts";
import type { TrainSettings } from "../options/index.ts";
import type { RunSummary, StepEvent, TrainingEvent } from "../training/index.ts";

/** How a command was called, to name further ones in the same way. */
export interface Caller {
  /** "npx coinage". */
  readonly program: string;
  /** The words behind it. */
  readonly words: readonly string[];
}

/** A command line as one types it into a shell of this platform: words quoted where needed. */
export function commandLine({ program }: Pick<Caller, "program">, words: readonly string[]): string {
  return [program, ...words.map((word) => quotedWord(shownWord(word)))].join(" ");
}

/** An address of the web without what may be secret in it: user, password, query. */
function shownWord(word: string): string {
  if (!/^https?:\/\/\S+$/.test(word) || !URL.canParse(word)) return word;
  const { origin, pathname } = new URL(word);
  return origin + pathname;
}

interface EndedRun {
  readonly done: Extract<TrainingEvent, { readonly kind: "done" }>;
  readonly run: RunSummary | undefined;
  readonly lastStep: StepEvent | undefined;
  readonly settings: TrainSettings;
  readonly caller: Caller;
}

/** What to do after a run: go on with it if it was interrupted, use what it made. */
export function nextSteps(ended: EndedRun): string[] {
  const goOn = ended.done.isInterrupted
    ? [
        ended.done.state ? "Go on:" : "Go on from there, with the optimizer starting afresh:",
        `  ${goOnCommand(ended)}`,
        "",
      ]
    : [];
  return [...goOn, "Draw with it:", `  ${drawCommand(ended)}`, ...(ended.settings.xti ? [] : [otherPrograms(ended)])];
}

/** Which other programs take the file goes by its extension; its word there is its name. */
function otherPrograms({ done: { file, word } }: EndedRun): string {
  const { base, ext } = path.parse(file);
  const name = `${word}${ext === ".ckpt" ? ".pt" : ext}`;
  const renamed = name === base ? "" : `, as ${name},`;
  const programs = `A1111, Forge${ext === ".safetensors" ? ", SD.Next" : ""} or ComfyUI`;
  const copy = `Or copy it${renamed} into the embeddings folder of ${programs}, or add it to InvokeAI's models`;
  const calls = `its file name is its word there (ComfyUI: embedding:${word}, InvokeAI: <${word}>).`;
  const refused = ext === ".ckpt" ? " A1111, Forge and ComfyUI do not take .ckpt." : "";
  const sdNext = ext === ".pt" ? " SD.Next takes .safetensors: --save_model_as safetensors." : "";
  return `${copy}: ${calls}${refused}${sdNext}`;
}

function drawCommand({ done, run, settings, caller }: EndedRun): string {
  const { word } = done;
  const written = done.file.startsWith("-") ? `.${path.sep}${done.file}` : done.file;
  const file = word === path.parse(done.file).name ? written : `${word}=${written}`;
  const prompt = `${settings.useStyleTemplate ? "a painting in the style of" : "a photo of"} ${word}`;
  const usualSide = run?.family === "sdxl" ? 1024 : 512;
  const [width, height] = run?.dataset.datasets[0]?.resolution ?? [usualSide, usualSide];
  const isUsual = width === usualSide && height === usualSide;
  return commandLine(caller, [
    ...["generate", "--ckpt", settings.pretrainedModelNameOrPath],
    ...[settings.xti ? "--XTI_embeddings" : "--textual_inversion_embeddings", file],
    ...asTrained(settings),
    ...["--prompt", prompt],
    ...(isUsual ? [] : ["--W", String(width), "--H", String(height)]),
  ]);
}

/** What was said of the model holds for drawing, too. */
function asTrained({ v2, vParameterization, vae, clipSkip }: TrainSettings): string[] {
  return [
    ...(v2 ? ["--v2"] : []),
    ...(vParameterization ? ["--v_parameterization"] : []),
    ...(vae === undefined ? [] : ["--vae", vae]),
    ...(clipSkip === undefined ? [] : ["--clip_skip", String(clipSkip)]),
  ];
}

/** The user's own command line, with what is different behind it: the last of two equal flags wins. */
function goOnCommand({ done, lastStep, settings, caller }: EndedRun): string {
  if (done.state) return commandLine(caller, [...caller.words, "--resume", done.state]);
  const steps = lastStep?.steps ?? settings.maxTrainSteps;
  const stepsLeft = steps - done.step;
  const epochsLeft = Math.ceil((stepsLeft / steps) * (lastStep?.epochs ?? 1));
  const length = settings.maxTrainEpochs
    ? ["--max_train_epochs", String(epochsLeft)]
    : ["--max_train_steps", String(stepsLeft)];
  return commandLine(caller, [...caller.words, "--weights", done.file, ...length]);
}
