import { useSignal } from "@preact/signals";
import type { RunRow } from "../../../../runs/index.ts";
import { ask, gone, rows } from "../../live/index.ts";
import { useSecondsSince } from "../../parts/ago.tsx";
import { lossText, numberText } from "../../parts/format.ts";
import { attempt, ProblemBox } from "../../parts/notices.tsx";
import { orderOf } from "../../parts/order.ts";
import { RunHead } from "../../parts/run-head.tsx";
import { isAtWork, RunProgress } from "../../parts/run-state.tsx";
import { runAddress } from "../../route.ts";
import { type RunView, type Verdict, verdictOf } from "../../state/index.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { watch as words } from "../../texts/watch.ts";
import { Actions } from "./actions.tsx";

/** The state of the run in a sentence and a few numbers, and the actions for it. */
export function Head({ row, view }: { row: RunRow; view: RunView }) {
  const { state, problem, cause, lastWords } = row;
  const isStarting = state === "starting";
  // while the last one is `closed`, the `opened` of the new start has not arrived yet
  const last = view.messages.findLast(({ kind }) => kind === "opened" || kind === "closed");
  const loadingFor = useSecondsSince(isStarting && last?.kind === "opened" ? last.time : undefined);
  return (
    <header class="run-head">
      <Name row={row} />
      {(isAtWork(state) || isCutShort(row)) && (
        <RunProgress
          run={{ ...row, ...paceOf(view) }}
          doing={doingText(view, isStarting ? (loadingFor ?? 0) : undefined)}
        />
      )}
      {state === "queued" && <p class="verdict">{waitingText(row)}</p>}
      {state === "lost" && (
        <div class="problem-box" role="alert">
          <p>
            <strong>{words.lostTitle}</strong>
          </p>
          {cause && <p>{cause}</p>}
          <LastWords lines={lastWords} />
        </div>
      )}
      {problem && (
        <ProblemBox problem={problem}>
          <LastWords lines={lastWords} />
        </ProblemBox>
      )}
      {view.curves.of.loss && state !== "queued" && (
        <p class="verdict">{verdictText(verdictOf(view), isAtWork(state))}</p>
      )}
      <Numbers row={row} view={view} />
      {!gone.value.has(row.id) && (
        <div class="actions">
          {state === "done" && (
            <a class="button primary" href={runAddress(row.id, "use")}>
              {words.use}
            </a>
          )}
          <Actions row={row} view={view} />
          {view.about.report && (
            <a class="button" href={`/api/runs/${encodeURIComponent(row.id)}/report`} target="_blank" rel="noreferrer">
              {words.report}
            </a>
          )}
        </div>
      )}
    </header>
  );
}

/** Whether the run ended before its last step. */
function isCutShort({ state, step = 0, steps = 0 }: RunRow): boolean {
  return state !== "done" && step > 0 && step < steps;
}

/** What a queued run is waiting for. */
function waitingText({ id }: RunRow): string {
  const { current, queue } = orderOf(rows.value ?? []);
  const before = queue.findIndex((one) => one.id === id);
  if (before > 0) return words.waits.behind(before);
  return current ? words.waits.after(current.name) : words.waits.now;
}

/** Newer numbers than the row has: rows are sent when the state changes, steps in between. */
function paceOf({ pace }: RunView): Partial<RunRow> {
  if (!pace) return {};
  return { step: pace.step, steps: pace.steps, remainingSeconds: pace.remainingSeconds };
}

function Name({ row }: { row: RunRow }) {
  const { id, name, seq } = row;
  const draft = useSignal<string | undefined>(undefined);
  const save = async (event: Event) => {
    event.preventDefault();
    const wanted = draft.value?.trim();
    const isKept = !wanted || wanted === name;
    if (
      isKept ||
      (await attempt(() =>
        ask("PATCH", `/api/runs/${encodeURIComponent(id)}`, { body: { name: wanted }, ifMatch: seq }),
      ))
    )
      draft.value = undefined;
  };
  if (draft.value !== undefined)
    return (
      <form class="card-head" onSubmit={save}>
        <input
          aria-label={words.name}
          value={draft.value}
          maxLength={200}
          ref={(input) => input?.focus()}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") draft.value = undefined;
          }}
        />
        <button type="submit">{words.save}</button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            draft.value = undefined;
          }}
        >
          {commonTexts.cancel}
        </button>
      </form>
    );
  return (
    <RunHead run={row} screen="run">
      <button
        type="button"
        class="quiet"
        onClick={() => {
          draft.value = name;
        }}
      >
        {words.rename}
      </button>
    </RunHead>
  );
}

/** The run's current activity besides training. */
function doingText({ doing }: RunView, loadingFor: number | undefined): string | undefined {
  if (doing?.kind === "caching") return words.doing.caching(doing.done, doing.total);
  if (doing?.kind === "tryingWords") return words.doing.tryingWords(doing.word);
  if (doing?.kind === "sampling") return words.doing.sampling(doing.prompt);
  if (doing?.kind === "drawing") return words.doing.drawing(doing.done, doing.total);
  return loadingFor === undefined ? undefined : words.doing.starting(loadingFor);
}

function LastWords({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details>
      <summary>{words.lastWords}</summary>
      <pre class="log">{lines.join("\n")}</pre>
    </details>
  );
}

/** A drop as a share of the loss it fell from, and with its error, to the error's second digit. */
function fallText({ drop, error, from }: { drop: number; error: number; from: number }): [string, string] {
  const digits = error > 0 ? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error)))) : 4;
  return [`${Math.round((100 * drop) / from)}\u00a0%`, `${drop.toFixed(digits)}\u00a0±\u00a0${error.toFixed(digits)}`];
}

function verdictText(verdict: Verdict, isNow: boolean): string {
  const say = isNow ? words.verdict : words.ended;
  switch (verdict.kind) {
    case "drifting":
      return say.drifting(numberText(verdict.times));
    case "learning":
    case "still":
      return say[verdict.kind](...fallText(verdict));
    case "settled":
      return say.settled(...fallText(verdict), verdict.step);
    case "worse":
      return say.worse(verdict.step, numberText(verdict.rise));
    case "unmoved":
      return say.unmoved(numberText(Math.ceil(verdict.share * 100)));
    default:
      return say[verdict.kind];
  }
}

function Numbers({ row, view: { pace, curves, evaluations } }: { row: RunRow; view: RunView }) {
  const loss = pace?.loss ?? curves.of.loss?.values.at(-1);
  const average = pace?.averageLoss ?? curves.of.averageLoss?.values.at(-1);
  const last = evaluations.at(-1);
  const best = evaluations.reduce((a, b) => (a && a.loss <= b.loss ? a : b), evaluations[0]);
  if (loss === undefined) return null;
  const isRunning = isAtWork(row.state) && pace !== undefined;
  return (
    <dl class="numbers" aria-label={words.numbers}>
      <div>
        <dt title={words.lossHelp}>{words.loss}</dt>
        <dd>
          {lossText(loss)}
          {average !== undefined && (
            <small>
              {words.average} {lossText(average)}
            </small>
          )}
        </dd>
      </div>
      {last && best && (
        <div>
          <dt title={words.evaluationHelp}>{words.evaluationLoss}</dt>
          <dd>
            {lossText(last.loss)}
            <small>{words.best(lossText(best.loss), best.step)}</small>
          </dd>
        </div>
      )}
      {isRunning && (
        <div>
          <dt title={words.perSecondHelp}>{words.speed}</dt>
          <dd>{words.perSecond(numberText(pace.samplesPerSecond))}</dd>
        </div>
      )}
    </dl>
  );
}
