import type { StoredArray } from "../array/index.ts";
import type { StopSignal } from "../events/index.ts";
import type { Pipeline } from "../pipeline/index.ts";
import type { ReportData } from "./data.ts";
import { decodeTables, drawStrip, missingPictures } from "./draw.ts";
import { measureDrift } from "./measure/drift.ts";
import { sceneOf } from "./scene.ts";
import { judged } from "./verdict.ts";

/** An image of the report was drawn. */
export interface DrawingEvent {
  readonly kind: "drawing";
  readonly done: number;
  readonly total: number;
}

export interface CompletionOptions {
  readonly isStyle: boolean;
  /** Whether there is time for another image, after `pictures` images that took `seconds` in all. */
  readonly hasTime?: (pictures: number, seconds: number) => boolean;
  readonly signal?: StopSignal | undefined;
}

/** A report completed by what needs the model's networks: drift of the other words in a prompt, and missing images.
 *  pipeline: with the model's own words only; tokenTables: one per text encoder. @throws as generateImages */
export async function* completeReport(
  known: ReportData,
  pipeline: Pipeline,
  tokenTables: readonly StoredArray[],
  { isStyle, ...options }: CompletionOptions,
): AsyncGenerator<DrawingEvent, ReportData> {
  const scene = sceneOf(pipeline.model, isStyle);
  const { layers } = known.embedding;
  let report = known;
  const { columns } = known.strip;
  const { vectors } = columns.find(({ isKept }) => isKept) ?? columns.find(({ role }) => role === "last") ?? {};
  if (!known.drift && vectors) {
    const { tokenizers } = pipeline.vocabulary;
    const context = { networks: pipeline.networks, tokenizers, tokenTables, clipSkip: known.strip.clipSkip, scene };
    const against = known.initWord ?? scene.nouns[0]!;
    report = judged({ ...report, drift: await measureDrift(decodeTables(vectors), against, context, layers?.length) });
  }
  for await (const { strip, done, total } of drawStrip(report.strip, pipeline, {
    ...options,
    word: known.word,
    scene,
    layers,
  })) {
    report = { ...report, strip };
    yield { kind: "drawing", done, total };
  }
  return report;
}

/** A report with the reason for missing images, if any are missing. */
export function withReasonOfMissing(report: ReportData, why: string): ReportData {
  const { strip } = report;
  const missing = missingPictures(strip).length;
  if (missing === 0) return { ...report, strip: { ...strip, missing: undefined } };
  const drawn = strip.columns.flatMap(({ pictures }) => pictures).filter((picture) => picture !== null).length;
  const which = drawn === 0 ? "no images were drawn" : `${missing} of ${drawn + missing} images were not drawn`;
  return { ...report, strip: { ...strip, missing: `${why}, so ${which}.` } };
}
