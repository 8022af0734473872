import { clipMerges } from "../../assets/index.ts";
import { tokenTables } from "../../checkpoint/index.ts";
import { CoinageError } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { openPipeline, type Pipeline, plainVocabulary } from "../../pipeline/index.ts";
import {
  drawStrip,
  judged,
  measureDrift,
  missingPictures,
  type ReportData,
  samplingSteps,
  sceneOf,
} from "../../report/index.ts";
import type { TrainingEvent } from "../events.ts";
import { writeWarnings } from "../output/output-folder.ts";
import type { ComputingDevice } from "../setup/device.ts";
import type { OpenRun } from "../setup/open-run.ts";
import { collectReport, type EndedRun } from "./collect.ts";

/** What a run's report costs at most, as a share of its time; and seconds that it may cost in any case. */
const [mostShare, leastBudget] = [0.05, 5];

/** Work of a picture in samples of training: two evaluations of the U-Net a step, each without the backward pass. */
const samplesPerPicture = samplingSteps * 2 * 0.48;

interface ReportOptions {
  /** Frees the memory that training took: drawing needs some. */
  readonly free: () => Promise<void>;
  /** Stops drawing when aborted. */
  readonly signal?: StopSignal | undefined;
}

/** Writes the report of a run. What goes wrong with it is a warning: it must not end a run. */
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

  /** Measures, draws and writes, once the embedding is saved. failure: what has ended the run too early; then nothing is computed on its device. */
  async *write(saved: Pick<EndedRun, "file" | "word" | "failure">): AsyncGenerator<TrainingEvent> {
    const { warnings, history, startTime } = this.#run;
    if (!history) return;
    const device = this.#device.runtime.device;
    const seconds = (performance.now() - startTime) / 1000;
    const ended = { ...saved, run: this.#run, history, device, given: this.#given, seconds };
    try {
      const known = await collectReport(ended);
      const report =
        saved.failure === undefined
          ? yield* this.#measured(known, ended)
          : withoutPictures(known, "The run ended with an error");
      yield* this.#save(report);
    } catch (error) {
      yield* warnings.add([warningOf("The report could not be written", error)]);
    }
  }

  async *#measured(known: ReportData, ended: EndedRun): AsyncGenerator<TrainingEvent, ReportData> {
    const { inputs, warnings } = this.#run;
    const { model, checkpoint } = inputs;
    const { runtime, computeDtype } = this.#device;
    const vocabulary = plainVocabulary(model.family, await clipMerges());
    const predictionType = checkpoint.predictionType.value;
    const { hasZeroTerminalSnr } = checkpoint;
    const pipeline = openPipeline({ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime, computeDtype });
    try {
      await this.#options.free();
      const report = await this.#withDrift(known, pipeline);
      return yield* this.#drawn(report, pipeline, ended);
    } catch (error) {
      const warning = warningOf("The report lacks images or measures", error);
      yield* warnings.add([warning]);
      return withoutPictures(known, warning.message.replace(/\.$/, ""));
    } finally {
      // A device that failed may refuse to free what it holds, too.
      await pipeline.networks.close().catch(() => {});
    }
  }

  async #withDrift(report: ReportData, { networks, vocabulary, model }: Pipeline): Promise<ReportData> {
    const { settings, inputs, embeddings } = this.#run;
    const scene = sceneOf(model, settings.useStyleTemplate);
    const context = {
      networks,
      tokenizers: vocabulary.tokenizers,
      tokenTables: tokenTables(inputs.checkpoint),
      clipSkip: settings.clipSkip,
      scene,
    };
    const known = settings.initWord ?? scene.nouns[0]!;
    const drift = await measureDrift(embeddings.finished, known, context, inputs.placeholder.layers?.length);
    return judged({ ...report, drift });
  }

  /** The report with as many pictures as there is time for. */
  async *#drawn(report: ReportData, pipeline: Pipeline, ended: EndedRun): AsyncGenerator<TrainingEvent, ReportData> {
    const { settings, inputs, history } = this.#run;
    const { signal } = this.#options;
    const budget = {
      auto: Math.max(leastBudget, mostShare * ended.seconds),
      all: Number.POSITIVE_INFINITY,
      none: 0,
    }[settings.reportImages];
    const secondsPerSample = 1 / (history?.samplesPerSecond ?? Number.POSITIVE_INFINITY);
    const options = {
      word: report.word,
      scene: sceneOf(pipeline.model, settings.useStyleTemplate),
      layers: inputs.placeholder.layers,
      signal,
      hasTime: (pictures: number, seconds: number) =>
        seconds + (pictures === 0 ? samplesPerPicture * secondsPerSample : seconds / pictures) < budget,
    };
    let { strip } = report;
    for await (const { strip: drawn, done, total } of drawStrip(strip, pipeline, options)) {
      strip = drawn;
      yield { kind: "drawing", done, total };
    }
    const why = signal?.aborted
      ? "The run was stopped"
      : settings.reportImages === "none"
        ? "--report_images none was given"
        : "The report takes at most 5 % of the run's time";
    return withoutPictures({ ...report, strip }, why);
  }

  async *#save(report: ReportData): AsyncGenerator<TrainingEvent> {
    const { files, warnings } = this.#run;
    const { data, page } = await files.writeReport(report);
    yield* warnings.add([...writeWarnings(data), ...writeWarnings(page)]);
    if (page.path !== undefined) yield { kind: "report", file: page.path };
  }
}

/** The report with the reason why pictures are missing, where some are. */
function withoutPictures(report: ReportData, why: string): ReportData {
  const { strip } = report;
  const missing = missingPictures(strip).length;
  if (missing === 0) return report;
  const total = strip.columns.length * strip.prompts.length;
  const which = missing === total ? "no images were drawn" : `${missing} of ${total} images were not drawn`;
  return { ...report, strip: { ...strip, missing: `${why}, so ${which}.` } };
}

function warningOf(what: string, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: error instanceof CoinageError ? error.code : "REPORT_FAILED", message: `${what}: ${reason}` };
}
