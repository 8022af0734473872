import { clipMerges } from "../../assets/index.ts";
import { type Checkpoint, openCheckpoint, tokenTables } from "../../checkpoint/index.ts";
import { CoinageError, withPlace } from "../../errors/index.ts";
import type { StopSignal } from "../../events/index.ts";
import { kindOfPath, readEarlierFile, writeFileAtomically } from "../../files/index.ts";
import { type DownloadEvent, localModel } from "../../hub/index.ts";
import { type DiffusionModel, diffusionModel } from "../../models/index.ts";
import { openPipeline, plainVocabulary } from "../../pipeline/index.ts";
import { type DeviceName, openDevice } from "../../runtime/index.ts";
import { plainWords } from "../../tokenizer/index.ts";
import { completeReport, type DrawingEvent, withReasonOfMissing } from "../complete.ts";
import { encodeReport, type ReportData } from "../data.ts";
import { missingPictures } from "../draw.ts";
import { marksOf, marksOfFile, renderReport } from "../page/page.ts";
import { composeFromFile, hashesOf } from "./compose.ts";
import { readEvents } from "./events.ts";
import { type Found, findReported } from "./find.ts";

export interface ReportOptions {
  /** Model to draw with (default: the report's). */
  readonly model?: string | undefined;
  readonly vae?: string | undefined;
  readonly predictsVelocity?: boolean;
  /** Prompts instead of the usual two; each contains the word. */
  readonly prompts?: readonly string[];
  readonly initWord?: string | undefined;
  /** A file of the run's events. */
  readonly events?: string | undefined;
  readonly isStyle?: boolean;
  readonly resolution?: readonly [number, number] | undefined;
  readonly clipSkip?: number | undefined;
  readonly draws?: boolean;
  readonly device?: DeviceName | "auto";
  readonly threads?: number | undefined;
  /** Replace a report of something else. */
  readonly overwrite?: boolean;
  readonly signal?: StopSignal | undefined;
}

export type ReportEvent =
  | DownloadEvent
  | { readonly kind: "warning"; readonly message: string }
  | DrawingEvent
  | { readonly kind: "report"; readonly file: string; readonly report: ReportData };

/** Reports on the output of a run: completes and renders its report again, or makes one from an embedding file and its model.
 *  @throws FILE_NOT_FOUND, REPORT_INVALID, SETTINGS_MISSING without a model, the EMBEDDING and CHECKPOINT codes, OUTPUT_EXISTS, OUTPUT_UNWRITABLE */
export async function* reportOnFile(target: string, options: ReportOptions = {}): AsyncGenerator<ReportEvent> {
  const found = await findReported(target);
  for (const message of found.warnings) yield { kind: "warning", message };
  const before = found.report && withPrompts(found.report, options.prompts);
  const opened = !before || lacks(before, options) ? yield* openModel(found, options) : undefined;
  const known = before ?? withPrompts(await composed(found, opened!, options), options.prompts);
  await refuseOther(found, known, options);
  const whole = opened ? yield* completed(known, opened, options) : known;
  const report = withReasonOfMissing(whole, reasonOfMissing(whole, opened, options));
  await writeFileAtomically(found.dataFile, encodeReport(report));
  await writeFileAtomically(found.pageFile, renderReport(report));
  yield { kind: "report", file: found.pageFile, report };
}

/** Whether a report lacks drift or, if they are wanted, images. */
function lacks({ drift, strip }: ReportData, { draws = true }: ReportOptions): boolean {
  return !drift || (draws && missingPictures(strip).length > 0);
}

function reasonOfMissing(
  { strip }: ReportData,
  opened: OpenedModel | undefined,
  { draws = true, signal }: ReportOptions,
): string {
  if (signal?.aborted) return "Drawing was stopped";
  const before = strip.missing?.replace(/, so [^,]*$/, "");
  if (!draws) return before ?? "Images were not asked for";
  return opened ? "Drawing failed" : (before ?? "The model was not there");
}

interface OpenedModel {
  readonly source: string;
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
}

/** The given model, or the report's. A report whose model is gone can still be rendered. */
async function* openModel(
  { report }: Found,
  options: ReportOptions,
): AsyncGenerator<ReportEvent, OpenedModel | undefined> {
  const source = options.model ?? report?.model.source;
  if (source === undefined)
    throw new CoinageError("SETTINGS_MISSING", "The model is not known: there is no report beside the file.", {
      where: "--ckpt",
      hint: "Give the model that it was trained on: --ckpt MODEL.",
    });
  const vae = options.vae ?? report?.model.vae;
  try {
    const target = yield* localModel(source);
    const localVae = vae === undefined ? undefined : yield* localModel(vae, "vae");
    const predictionType = options.predictsVelocity ? "v_prediction" : report?.model.predictionType;
    const checkpoint = await openCheckpoint(target, { predictionType, vae: localVae });
    const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
    yield* otherModelWarnings(report, checkpoint);
    return { source, checkpoint, model };
  } catch (error) {
    if (!(error instanceof CoinageError)) throw error;
    if (options.model !== undefined || !report) throw withPlace(error, `--ckpt ${source}`);
    yield { kind: "warning", message: `No images are drawn: ${error.message} Give the model: --ckpt MODEL.` };
    return undefined;
  }
}

/** @throws EMBEDDING_FAMILY for a model of another family */
function* otherModelWarnings(report: ReportData | undefined, checkpoint: Checkpoint): Generator<ReportEvent> {
  if (!report) return;
  if (report.model.family !== checkpoint.family.value)
    throw new CoinageError(
      "EMBEDDING_FAMILY",
      `The word was learned for another kind of model than ${checkpoint.path}.`,
      {
        hint: `Give the model that it was trained on: ${report.model.source}.`,
      },
    );
  const now = hashesOf(checkpoint);
  const differing = Object.keys(report.model.hashes).filter((part) => report.model.hashes[part] !== now[part]);
  if (differing.length > 0)
    yield {
      kind: "warning",
      message: `${checkpoint.path} is another model than the word was trained on (${differing.join(", ")}): new images show the word in that one.`,
    };
}

async function composed(found: Found, opened: OpenedModel, options: ReportOptions): Promise<ReportData> {
  const { checkpoint, model, source } = opened;
  const merges = await clipMerges();
  const { tokenizers } = plainVocabulary(model.family, merges);
  const { vae, initWord, isStyle = false, resolution, clipSkip } = options;
  return composeFromFile({
    ...{
      embedding: found.embedding,
      checkpoint,
      model,
      source,
      vae,
      tokenizers,
      initWord,
      isStyle,
      resolution,
      clipSkip,
    },
    words: plainWords(merges),
    events: options.events === undefined ? undefined : await readEvents(options.events),
  });
}

/** @throws OUTPUT_EXISTS if a report of something else has the same path */
async function refuseOther({ dataFile, pageFile }: Found, report: ReportData, { overwrite }: ReportOptions) {
  if (overwrite) return;
  for (const file of [dataFile, pageFile]) {
    if ((await kindOfPath(file)) === "nothing") continue;
    if (marksOfFile(await readEarlierFile(file)).some((mark) => marksOf(report).includes(mark))) continue;
    throw new CoinageError("OUTPUT_EXISTS", `${file} is there already, and is not the report of this file.`, {
      hint: "Rename it, or give --overwrite to replace it.",
    });
  }
}

/** The report with other prompts, without images yet. @throws USAGE if a prompt lacks the word */
function withPrompts(report: ReportData, prompts: readonly string[] = []): ReportData {
  if (prompts.length === 0) return report;
  const lacking = prompts.find((prompt) => !prompt.includes(report.word));
  if (lacking !== undefined)
    throw new CoinageError("USAGE", `The prompt "${lacking}" does not have the word ${report.word}.`, {
      where: "--prompt",
      hint: `For example: --prompt "a photo of ${report.word} in the snow"`,
    });
  const { strip } = report;
  return {
    ...report,
    strip: {
      ...strip,
      prompts: prompts.map((prompt, i) => ({ template: prompt.replaceAll(report.word, "{}"), seed: i + 1 })),
      columns: strip.columns.map((column) => ({ ...column, pictures: prompts.map(() => null) })),
    },
  };
}

/** The report completed by what needs the model's networks. */
async function* completed(
  known: ReportData,
  { checkpoint, model }: OpenedModel,
  { device = "auto", threads, signal, isStyle = false, draws = true }: ReportOptions,
): AsyncGenerator<ReportEvent, ReportData> {
  const { runtime, computeDtype } = await openDevice({ device, threads, wantsFloat16: false });
  const vocabulary = plainVocabulary(model.family, await clipMerges());
  const predictionType = checkpoint.predictionType.value;
  const { hasZeroTerminalSnr } = checkpoint;
  const pipeline = openPipeline({ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime, computeDtype });
  try {
    const options = { isStyle, signal, hasTime: () => draws };
    return yield* completeReport(known, pipeline, tokenTables(checkpoint), options);
  } finally {
    await runtime.close();
  }
}
