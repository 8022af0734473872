import { useSignal } from "@preact/signals";
import type { RunRow } from "../../../../runs/index.ts";
import { lastSaved, sameInLessMemory } from "../../../checking/cheaper.ts";
import type { Draft } from "../../../drafts/draft.ts";
import type { DraftSettings } from "../../../drafts/settings.ts";
import { useKeys } from "../../keys.ts";
import { ask } from "../../live/index.ts";
import { Menu } from "../../parts/menu.tsx";
import { attempt, notify } from "../../parts/notices.tsx";
import { isAtWork } from "../../parts/run-state.tsx";
import { go, runAddress } from "../../route.ts";
import type { RunView } from "../../state/index.ts";
import { watch as words } from "../../texts/watch.ts";

/** Id of the button that opens the stop menu. */
const stopId = "stop-menu";

/** Sends an action to the run and shows a notice. */
export async function tellRun(
  { id, seq }: Pick<RunRow, "id" | "seq">,
  action: string,
  { body, said, isBound = true }: { body?: object; said: string; isBound?: boolean },
): Promise<boolean> {
  const path = `/api/runs/${encodeURIComponent(id)}/${action}`;
  const isDone = await attempt(() => ask("POST", path, { ...(body && { body }), ...(isBound && { ifMatch: seq }) }));
  if (isDone) notify(said);
  return isDone;
}

/** Requests an image with the run's current vectors. The prompt may contain the options of a prompt file. */
export function askSample(row: RunRow, { prompt, seed, size }: { prompt: string; seed?: number; size?: string }) {
  return tellRun(row, "sample", {
    body: { prompt: size ? `${prompt} ${size}` : prompt, ...(seed !== undefined && { seed }) },
    said: words.sampleAsked(prompt),
    isBound: false,
  });
}

/** The actions for the run now; each button says what will happen. */
export function Actions({ row, view }: { row: RunRow; view: RunView }) {
  const { state } = row;
  const stop = { keys: " ", does: words.stopMenu, run: () => document.getElementById(stopId)?.click() };
  // otherwise Space scrolls
  useKeys(isAtWork(state) ? [stop] : []);
  return (
    <>
      {(state === "running" || state === "sampling") && <Steering row={row} view={view} />}
      {state === "starting" && (
        <button id={stopId} type="button" onClick={() => tellRun(row, "stop", { said: words.stopAsked })}>
          {words.stopStart}
        </button>
      )}
      {state === "stopping" && (
        <button type="button" disabled>
          {words.stopping}
        </button>
      )}
      {state === "queued" && (
        <button type="button" onClick={() => tellRun(row, "stop", { said: words.dequeued })}>
          {words.dequeue}
        </button>
      )}
      {(state === "lost" || state === "failed" || state === "stopped") && <Resume row={row} view={view} />}
      {(state === "done" || state === "stopped") && <More row={row} />}
    </>
  );
}

function Steering({ row, view }: { row: RunRow; view: RunView }) {
  // the current step is the one after the last known
  const step = (view.pace?.step ?? row.step ?? 0) + 1;
  const [sample] = view.about.samples;
  const prompt = sample?.prompt ?? row.word ?? row.name;
  return (
    <>
      <button
        type="button"
        title={words.sampleNowTitle(prompt)}
        onClick={() =>
          askSample(row, {
            prompt,
            ...(sample && { seed: sample.seed }),
          })
        }
      >
        {words.sampleNow}
      </button>
      <button type="button" onClick={() => tellRun(row, "save", { said: words.saveAsked, isBound: false })}>
        {words.saveNow}
      </button>
      <Menu
        id={stopId}
        label={words.stop}
        title={words.stopMenu}
        items={[
          {
            id: "after",
            label: words.stopAfter(step),
            run: () => tellRun(row, "stop", { body: { now: false }, said: words.stopAsked }),
          },
          {
            id: "now",
            label: words.stopNow(step),
            run: () => tellRun(row, "stop", { body: { now: true }, said: words.stopAsked }),
          },
        ]}
      />
    </>
  );
}

function Resume({ row, view }: { row: RunRow; view: RunView }) {
  const { keptStep, start } = view;
  const isAtEnd = row.state === "stopped" && start !== undefined && (keptStep ?? 0) >= start.steps;
  if (isAtEnd) return null;
  return (
    <>
      <AgainForMemory row={row} view={view} />
      <ResumeButton row={row} keptStep={keptStep} isLikely={!row.isForMemory} />
    </>
  );
}

/** isLikely: whether it is expected to succeed this time. */
function ResumeButton({ row, keptStep, isLikely }: { row: RunRow; keptStep: number | undefined; isLikely: boolean }) {
  return (
    <button
      type="button"
      class={isLikely ? "primary" : undefined}
      onClick={() => tellRun(row, "resume", { said: words.resumed })}
    >
      {keptStep === undefined ? words.resumeStart : words.resume(keptStep)}
    </button>
  );
}

/** Repeats a run that ran out of memory, with less memory. */
function AgainForMemory({ row, view: { about, start } }: { row: RunRow; view: RunView }) {
  const isBusy = useSignal(false);
  const change =
    row.isForMemory && start ? sameInLessMemory({ settings: about.settings as DraftSettings, run: start }) : undefined;
  if (!change) return null;
  const isSingle = change.settings.train_batch_size === 1;
  const begin = async () => {
    isBusy.value = true;
    await attempt(async () => {
      const path = `/api/runs/${encodeURIComponent(row.id)}/again`;
      const { draft, isWhole } = await ask<{ draft: Draft; isWhole: boolean }>("POST", path, {
        body: { lessMemory: true },
      });
      // a draft that lacks parts of a run from a terminal is shown to the user before it starts
      const isStarted =
        isWhole &&
        (await attempt(async () => {
          const body = { draft: draft.id, draftRevision: draft.revision };
          const { run } = await ask<{ run: RunRow }>("POST", "/api/runs", { body });
          notify(words.memoryBegun(run.name));
          go(runAddress(run.id));
        }));
      if (!isStarted) go(`/new?draft=${draft.id}`);
    });
    isBusy.value = false;
  };
  return (
    <>
      <p class="note faint">{words.againFrom(lastSaved(about.checkpoints, start?.steps ?? 0)?.step)}</p>
      <button
        type="button"
        class="primary"
        disabled={isBusy.value}
        title={isSingle ? words.againSingleHelp : words.againTwiceHelp}
        onClick={begin}
      >
        {isSingle ? words.againSingle : words.againTwice}
      </button>
    </>
  );
}

function More({ row }: { row: RunRow }) {
  const steps = useSignal(Math.max(10, Math.round((row.steps ?? 100) / 20) * 10));
  return (
    <form
      class="inline"
      onSubmit={(event) => {
        event.preventDefault();
        tellRun(row, "extend", { body: { steps: steps.value }, said: words.moreAsked(steps.value) });
      }}
    >
      <input
        type="number"
        aria-label={words.moreSteps}
        min={1}
        max={1_000_000}
        value={steps.value}
        onInput={(event) => {
          const wanted = event.currentTarget.valueAsNumber;
          if (wanted >= 1) steps.value = Math.round(wanted);
        }}
      />
      <button type="submit">{words.more(steps.value)}</button>
    </form>
  );
}
