import { durationText, plural } from "../errors/index.ts";
import type { TrainSettings } from "../options/index.ts";
import type { EvaluationEvent, RunSummary, StepEvent, TrainingEvent } from "../training/index.ts";
import { firstScreen } from "./first-screen.ts";
import { type Caller, nextSteps } from "./next-steps.ts";
import type { Reporter } from "./reporter.ts";
import { clusterLine, Sharing, sharedStepText } from "./sharing.ts";
import { type Progress, Talk } from "./talk.ts";
import type { Terminal } from "./terminal.ts";
import { clockText, downloadLine, drawingLine, rateText, summaryOfWarnings, warningLine } from "./texts.ts";

type Event<Kind extends TrainingEvent["kind"]> = Extract<TrainingEvent, { readonly kind: Kind }>;

interface TrainingReportOptions {
  readonly settings: TrainSettings;
  /** How the command was called; without it, no next commands are shown. */
  readonly caller?: Caller;
}

/** Shows people a training run: its facts, its progress, the files written, what to do next. */
export function trainingReport(terminal: Terminal, options: TrainingReportOptions): Reporter<TrainingEvent> {
  const { settings, caller } = options;
  const talk = new Talk(terminal);
  let run: RunSummary | undefined;
  let lastStep: StepEvent | undefined;
  let reportFile: string | undefined;
  let lastEvaluation: EvaluationEvent | undefined;
  const sharing = new Sharing();
  return {
    report(event) {
      switch (event.kind) {
        case "start":
          run = event.run;
          return talk.say(...firstScreen(run), "");
        case "warning":
          return talk.warn(warningLine(event));
        case "download":
          return talk.progress(downloadLine(event), event.doneBytes === event.totalBytes);
        case "caching":
          return talk.progress(cachingLine(event), event.done === event.total);
        case "step":
          if (!lastStep) talk.settle();
          lastStep = event;
          sharing.note(event);
          return talk.progress(stepLine(event, lastEvaluation), event.step === event.steps);
        case "evaluation":
          lastEvaluation = event;
          return;
        case "tryingWords":
          return talk.progress(tryingLine(event), event.done === event.total);
        case "initWord":
          return talk.say(event.message);
        case "stopping":
          return talk.say(`ending with step ${event.lastStep}: ${event.reason}`);
        case "choice":
          return talk.say(event.message);
        case "epoch":
          return talk.say(`epoch ${event.epoch}/${event.epochs}: average loss ${lossText(event.loss)}`);
        case "saved":
          return talk.say(`saving checkpoint: ${event.file}`);
        case "stateSaved":
          return talk.say(`saving state: ${event.folder}`);
        case "sample":
          return talk.say(sampleLine(event));
        case "drawing":
          return talk.progress(drawingLine(event), event.done === event.total);
        case "report":
          talk.settle();
          reportFile = event.file;
          return talk.say(`report: ${event.file}`);
        case "workerJoined":
        case "workerLeft":
        case "workerRefused":
        case "reissued":
        case "encoded":
        case "duplicateDiffers":
        case "queueDown":
        case "queueBack":
        case "noWorkers":
        case "queueWarning":
          sharing.note(event);
          return talk.say(clusterLine(event));
        case "removed":
          return talk.say(`removing old checkpoint: ${event.file}`);
        case "done":
          talk.settle();
          talk.say(...summaryOfWarnings(event.warnings), "");
          talk.stress(outcomeText(event));
          talk.say(...sharing.summary(), ...traits(event, lastStep));
          talk.result(event.file);
          if (caller) talk.say("", ...nextSteps({ done: event, run, lastStep, reportFile, settings, caller }));
          return;
      }
    },
    close: () => talk.settle(),
  };
}

function sampleLine({ file, seed, prompt, by }: Event<"sample">): string {
  return `sample image: ${file} (seed ${seed}, ${JSON.stringify(prompt)}${by === undefined ? "" : `, by ${by}`})`;
}

function cachingLine({ done, total }: Event<"caching">): Progress {
  const line = `caching latents: ${done}/${total}`;
  return { screen: [line], plain: line };
}

function tryingLine({ word, done, total }: Event<"tryingWords">): Progress {
  const line = `trying words to start from: ${done}/${total}`;
  return { screen: [`${line} ("${word}")`, line], plain: line };
}

function stepLine(event: StepEvent, evaluation: EvaluationEvent | undefined): Progress {
  const { step, steps, loss, averageLoss, samplesPerSecond, remainingSeconds } = event;
  const percent = Math.floor((100 * step) / steps);
  const [lossNow, left] = [lossText(loss), `${clockText(remainingSeconds)} left`];
  const losses = `loss ${lossNow}, average ${lossText(averageLoss)}`;
  const evaluated = evaluation ? `, ${evaluationText(evaluation)}` : "";
  const shared = event.cluster ? `, ${sharedStepText(event.cluster)}` : "";
  const numbers = `${losses}${evaluated}, ${rateText(samplesPerSecond)} samples/s${shared}, ${left}`;
  const plain = `steps: ${step}/${steps} (${percent}%), ${numbers}`;
  return {
    screen: [
      `steps: ${String(percent).padStart(3)}%|${bar(step / steps)}| ${step}/${steps}  ${numbers}`,
      plain,
      `steps: ${step}/${steps}, ${losses}${evaluated}, ${left}`,
      ...(evaluation ? [`steps: ${step}/${steps}, ${losses}, ${left}`] : []),
      `${step}/${steps}, loss ${lossNow}, ${left}`,
      `loss ${lossNow}, ${left}`,
      `${lossNow}, ${left}`,
    ],
    plain,
  };
}

/** "evaluation 0.1234, down 0.0210 ± 0.0040" */
function evaluationText({ step, loss, drop, dropError }: EvaluationEvent): string {
  const change = `${drop < 0 ? "up" : "down"} ${lossText(Math.abs(drop))} ± ${lossText(dropError)}`;
  return `evaluation ${lossText(loss)}${step === 0 ? "" : `, ${change}`}`;
}

function bar(share: number): string {
  const width = 12;
  const full = Math.floor(share * width);
  return "█".repeat(full) + " ".repeat(width - full);
}

function lossText(loss: number): string {
  return Number.isFinite(loss) ? loss.toFixed(4) : String(loss);
}

function outcomeText({ isInterrupted, failure, step }: Event<"done">): string {
  if (failure !== undefined) return `stopped after step ${step} by an error; what was learned so far has been saved.`;
  return isInterrupted ? `stopped after step ${step}; what was learned so far has been saved.` : "model saved.";
}

function traits({ step, seconds }: Event<"done">, last: StepEvent | undefined): string[] {
  const time = `${plural(step, "step")} in ${durationText(seconds)}`;
  if (!last) return [time];
  return [
    `${time}; the embedding moved by ${last.distance.toPrecision(3)}, its norm is ${last.rowNorm.toPrecision(3)}`,
  ];
}
