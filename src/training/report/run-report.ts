import { clipMerges } from "../../assets/index.ts";
import { tokenTables } from "../../checkpoint/index.ts";
import { CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { openPipeline, plainVocabulary } from "../../pipeline/index.ts";
import { completeReport, type ReportData, samplingSteps, withReasonOfMissing } from "../../report/index.ts";
import type { TrainingEvent } from "../events.ts";
import { writeWarnings } from "../output/output-folder.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { collectReport, type EndedRun } from "./collect.ts";

/** Most time for a report: a share of the run's time, and seconds that `--report on` allows in any case. */
const [mostShare, askedSeconds] = [0.05, 5];

/** Cost of an image in training samples: two evaluations of the U-Net per step, without backward pass. */
const samplesPerPicture = samplingSteps * 2 * 0.48;

interface ReportOptions {
  /** Frees training's memory, for drawing. */
  readonly free: () => Promise<void>;
  /** Stops drawing when aborted. */
  readonly signal?: StopSignal | undefined;
}

/** Writes the report of a run. Failures are only warnings: they must not end a run. */
export class RunReport {
  readonly #run: OpenRun;
  readonly #device: ComputingDevice;
  readonly #given: EndedRun["given"];
  readonly #options: ReportOptions;

  /** given: the settings before models were fetched from the hub. */
  constructor(run: OpenRun, device: ComputingDevice, given: TrainSettings, options: ReportOptions) {
    this.#run = run;
    this.#device = device;
    this.#given = { model: given.pretrainedModelNameOrPath, vae: given.vae };
    this.#options = options;
  }

  /** Measures, draws and writes; call once the embedding is saved. failure: the error that ended the run; its device is then not used. */
  async *write(saved: Pick<EndedRun, "file" | "word" | "failure">): AsyncGenerator<TrainingEvent> {
    const { warnings, history, startTime } = this.#run;
    if (!history) return;
    const device = this.#device.runtime.device;
    const began = performance.now();
    const seconds = (began - startTime) / 1000;
    const ended = { ...saved, run: this.#run, history, device, given: this.#given, seconds };
    try {
      const known = await collectReport(ended);
      const report =
        saved.failure === undefined
          ? yield* this.#completed(known, ended, began)
          : withReasonOfMissing(known, "The run ended with an error");
      yield* this.#save(report);
    } catch (error) {
      yield* warnings.add([warningOf("The report could not be written", error)]);
    }
  }

  /** The report completed by what needs the model: other words' drift, and as many images as time allows. began: start of work on the report, in ms. */
  async *#completed(
    known: ReportData,
    { seconds }: EndedRun,
    began: number,
  ): AsyncGenerator<TrainingEvent, ReportData> {
    const { settings, inputs, history, warnings } = this.#run;
    const { model, checkpoint } = inputs;
    const { runtime, computeDtype } = this.#device;
    const { free, signal } = this.#options;
    const vocabulary = plainVocabulary(model.family, await clipMerges());
    const predictionType = checkpoint.predictionType.value;
    const { hasZeroTerminalSnr } = checkpoint;
    const pipeline = openPipeline({ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime, computeDtype });
    const budget = Math.max(mostShare * seconds, settings.report === "on" ? askedSeconds : 0);
    let pictureSeconds = samplesPerPicture / (history?.samplesPerSecond ?? 0);
    let before = 0;
    // the first image includes loading the networks: it counts, but does not predict the next
    const isAffordable = (pictures: number, spent: number) => {
      if (pictures > 1) pictureSeconds = spent - before;
      before = spent;
      return (performance.now() - began) / 1000 + pictureSeconds <= budget;
    };
    const options = {
      isStyle: settings.useStyleTemplate,
      signal,
      hasTime: { auto: isAffordable, all: () => true, none: () => false }[settings.reportImages],
    };
    try {
      await free();
      const report = yield* completeReport(known, pipeline, tokenTables(checkpoint), options);
      return withReasonOfMissing(report, this.#reasonOfMissing());
    } catch (error) {
      const warning = warningOf("The report lacks images or measures", error);
      yield* warnings.add([warning]);
      return withReasonOfMissing(known, "Drawing failed");
    } finally {
      // a device that failed may also fail to free its memory
      await pipeline.networks.close().catch(() => {});
    }
  }

  #reasonOfMissing(): string {
    if (this.#options.signal?.aborted) return "The run was stopped";
    if (this.#run.settings.reportImages === "none") return "--report_images none was given";
    return "By default a report takes at most 5 % of the run's time";
  }

  async *#save(report: ReportData): AsyncGenerator<TrainingEvent> {
    const { files, warnings } = this.#run;
    const { data, page } = await files.writeReport(report);
    yield* warnings.add([...writeWarnings(data), ...writeWarnings(page)]);
    if (page.path !== undefined) yield { kind: "report", file: page.path };
  }
}

function warningOf(what: string, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: error instanceof CoinageError ? error.code : "REPORT_FAILED", message: `${what}: ${reason}` };
}
