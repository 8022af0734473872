import { rm } from "node:fs/promises";
import path from "node:path";
import { prepareOutputFolder } from "../files/index.ts";
import type { Checked, GenerateSettings } from "../options/index.ts";
import { openDevice, requireDevice } from "../runtime/index.ts";
import { drawAndSave, type SaveContext } from "./draw-and-save.ts";
import { FreeNames, previewFileName, sheetFileName } from "./files/names.ts";
import { type SheetPicture, sheetColumns, writeSheet } from "./files/sheet.ts";
import { SourceReader } from "./files/source-files.ts";
import { openGenerator } from "./generator.ts";
import { prepareRun } from "./prepare.ts";
import type { Plan } from "./prompts/plan.ts";
import type { GenerationRunEvent } from "./run-events.ts";
import { drawTyped, typedLines } from "./typed.ts";
import { unusedWordWarnings } from "./word-use.ts";

export interface GenerationRunOptions {
  /** Prompts of an interactive run, each asked for when the one before is drawn; unset: the lines of standard input. */
  readonly prompts?: AsyncIterable<string> | undefined;
  /** Whether images are written to the output folder; else events carry them. */
  readonly write?: boolean | undefined;
  /** The time for file names. */
  readonly clock?: () => Date;
}

/** Draws what a command line asks for and writes it, telling of everything that happens. Whoever returns from it stops after the step under
 *  way; pictures are written as soon as they are drawn, so none is lost.
 *  @throws DEVICE_UNAVAILABLE and what prepareRun throws before anything is drawn; RUNTIME, OUTPUT_UNWRITABLE, PICTURE_UNREADABLE while drawing */
export async function* generateFromSettings(
  { settings, warnings }: Checked<GenerateSettings>,
  { prompts, write = true, clock = () => new Date() }: GenerationRunOptions = {},
): AsyncGenerator<GenerationRunEvent, void> {
  const began = performance.now();
  for (const { message } of warnings) yield { kind: "warning", code: "SETTINGS", message };
  await requireDevice(settings.device);
  const folder = write ? path.resolve(settings.outputDir) : undefined;
  if (folder !== undefined) await prepareOutputFolder(settings.outputDir, "--outdir");
  const preparation = yield* prepareRun(settings);
  const { model, predictionType, vocabulary, plan, planTyped } = preparation;
  const wantsFloat16 = settings.fp16 || settings.bf16;
  const { runtime, computeDtype, fallbackReason } = await openDevice({ ...settings, wantsFloat16 });
  try {
    const hasZeroTerminalSnr = settings.zeroTerminalSnr;
    const generator = openGenerator({
      ...{ model, predictionType, hasZeroTerminalSnr, vocabulary, runtime },
      previewEverySteps: settings.previewEveryNSteps,
      computeDtype,
    });
    const names = new FreeNames([previewFileName]);
    const sources = new SourceReader(preparation.sourceSize);
    const context: SaveContext = { settings, preparation, generator, sources, names, clock, folder };
    yield {
      kind: "start",
      device: runtime.device,
      pictures: plan && picturesIn(plan),
      batches: plan?.batches.length,
      folder,
    };
    if (fallbackReason)
      yield { kind: "warning", code: "PRECISION", message: `--fp16 and --bf16 change nothing: ${fallbackReason}.` };
    const events = plan
      ? drawPlan(plan, context)
      : drawTyped(prompts ?? typedLines(process.stdin), planTyped, (typed) => drawPlan(typed, context));
    const files: string[] = [];
    const finals: SheetPicture[] = [];
    for await (const event of events) {
      yield event;
      if (event.kind !== "saved") continue;
      files.push(event.file);
      if (event.stage === "final") finals.push(event);
    }
    // while prompts are typed, nobody knows which words will still be used
    if (!plan) yield* unusedWordWarnings(preparation.use);
    if (settings.sheet && folder !== undefined && finals.length > 0) {
      const file = path.join(folder, names.take(sheetFileName(clock(), settings)));
      await writeSheet(file, finals, sheetColumns(finals.length, settings.imagesPerPrompt));
      yield { kind: "sheet", file, pictures: finals.length };
    }
    yield { kind: "done", files, folder, seconds: (performance.now() - began) / 1000 };
  } finally {
    await runtime.close();
    if (settings.previewEveryNSteps && folder !== undefined)
      await rm(path.join(folder, previewFileName), { force: true });
  }
}

async function* drawPlan(plan: Plan, context: SaveContext): AsyncGenerator<GenerationRunEvent, void> {
  const pictures = picturesIn(plan);
  let first = 1;
  for (const batch of plan.batches) {
    yield* drawAndSave(batch, { first, pictures }, context);
    first += batch.pictures.length;
  }
}

function picturesIn({ batches }: Plan): number {
  return batches.reduce((sum, batch) => sum + batch.pictures.length, 0);
}
