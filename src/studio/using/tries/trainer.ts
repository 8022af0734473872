import { copyFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CoinageError } from "../../../errors/index.ts";
import { type Entry, follow, isUnderWay, type RunPlaces, readRun, sendCommand } from "../../../runs/index.ts";
import type { Cell } from "./cells.ts";
import { keepFacts, makeTriesFolder, triesFolder } from "./kept.ts";

/** How often to check that the run is still in progress, in milliseconds. */
const lookMs = 1000;

/** Lets a run in progress draw an image with its current vectors: the model is loaded there. onDrawing: called when drawing begins; giveUp: cancels the image in
 *  the run. @throws TRY_FAILED, OUTPUT_UNWRITABLE */
export async function drawnByTrainer(
  places: RunPlaces,
  { facts, prompt }: Extract<Cell, { readonly by: "trainer" }>,
  {
    end,
    giveUp,
    onDrawing,
  }: { readonly end: AbortSignal; readonly giveUp: AbortSignal; readonly onDrawing: () => void },
): Promise<void> {
  const { seq } = await readRun(places);
  const id = await sendCommand(places, { command: "sample", prompt, seed: facts.seed });
  const cancel = () => void sendCommand(places, { command: "cancel", id }).catch(() => {});
  if (giveUp.aborted) cancel();
  giveUp.addEventListener("abort", cancel, { once: true });
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, end]);
  endWithRun(places, over, signal).catch(() => {});
  try {
    let sample: Extract<Entry, { readonly kind: "sample" }> | undefined;
    for await (const entry of follow(places, seq, { signal })) {
      if (entry.kind === "sampling") onDrawing();
      if (entry.kind === "sample") sample = entry;
      if (entry.kind !== "answer" || entry.id !== id) continue;
      // commands are carried out in turn, so the image before the answer belongs to it
      if (entry.problem !== undefined || sample === undefined) throw failed(entry.problem);
      await makeTriesFolder(places);
      const { file, step: trainedSteps, width, height } = sample;
      await copyFile(path.join(places.samples, path.basename(file)), path.join(triesFolder(places), `${facts.id}.png`));
      return await keepFacts(places, { ...facts, width, height, checkpoints: ["now"], trainedSteps, atMs: Date.now() });
    }
    throw failed("The run ended before it had drawn it.");
  } finally {
    giveUp.removeEventListener("abort", cancel);
    over.abort();
  }
}

/** Aborts when the run is no longer in progress: nothing would answer. */
async function endWithRun(places: RunPlaces, over: AbortController, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(lookMs, undefined, { signal, ref: false });
    const { state } = await readRun(places);
    if (state !== undefined && isUnderWay(state)) continue;
    // time to read the last events
    await pause(lookMs, undefined, { signal, ref: false });
    return over.abort();
  }
}

function failed(reason: string | undefined): CoinageError {
  return new CoinageError("TRY_FAILED", reason ?? "The run did not draw the image.", {
    hint: "Ask for it again, or draw it with a checkpoint when the run has ended.",
  });
}
