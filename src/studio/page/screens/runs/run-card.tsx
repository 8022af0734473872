import type { RunRow } from "../../../../runs/index.ts";
import type { Draft } from "../../../drafts/draft.ts";
import { ask, readRows } from "../../live/index.ts";
import { Ago } from "../../parts/ago.tsx";
import { lossText } from "../../parts/format.ts";
import { attempt, notify, ProblemBox } from "../../parts/notices.tsx";
import { isAtWork, RunProgress, StateBadge } from "../../parts/run-state.tsx";
import { go, runAddress } from "../../route.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { runs as words } from "../../texts/runs.ts";
import { Strip } from "./strip.tsx";

/** A run in the list. choice: given while the user chooses two runs to compare. */
export function RunCard({
  run,
  choice,
}: {
  run: RunRow;
  choice?: { readonly isChosen: boolean; readonly onChange: () => void } | undefined;
}) {
  const { id, name, state, updatedMs, averageLoss, step, problem, cause } = run;
  return (
    <li class="card">
      <div class="card-head">
        {choice && (
          <input type="checkbox" aria-label={words.choose(name)} checked={choice.isChosen} onChange={choice.onChange} />
        )}
        <h3>
          <a href={runAddress(id)}>{name}</a>
        </h3>
        <StateBadge state={state} />
        {!isAtWork(state) && updatedMs !== undefined && (
          <span class="faint">
            <Ago ms={updatedMs} />
          </span>
        )}
        {averageLoss !== undefined && step !== undefined && !isAtWork(state) && (
          <span class="faint">
            {commonTexts.step(step, undefined)} · {words.loss(lossText(averageLoss))}
          </span>
        )}
      </div>
      {isAtWork(state) && <RunProgress run={run} />}
      {problem && <ProblemBox problem={problem} isAlert={false} />}
      {cause && <p class="warning">{cause}</p>}
      {state !== undefined && <Strip run={run} />}
      <RunActions run={run} />
    </li>
  );
}

function RunActions({ run: { id, name, state, seq, file } }: { run: RunRow }) {
  const act = (action: string, said: string) => async () => {
    const isDone = await attempt(() => ask("POST", `/api/runs/${encodeURIComponent(id)}/${action}`, { ifMatch: seq }));
    if (isDone) notify(said);
  };
  const again = () =>
    attempt(async () => {
      const { draft } = await ask<{ draft: Draft }>("POST", `/api/runs/${encodeURIComponent(id)}/again`);
      go(`/new?draft=${draft.id}`);
    });
  const discard = () =>
    attempt(async () => {
      const { trash } = await ask<{ trash: string }>("DELETE", `/api/runs/${encodeURIComponent(id)}`, { ifMatch: seq });
      await readRows();
      notify(words.discarded(name), {
        undo: () => attempt(() => ask("POST", `/api/trash/${trash}/restore`).then(readRows)),
      });
    });
  const isEnded = state !== undefined && ["stopped", "done", "failed", "lost"].includes(state);
  return (
    <div class="actions">
      <a class="button" href={runAddress(id)} aria-label={`${words.open} ${name}`}>
        {words.open}
      </a>
      {file !== undefined && !isAtWork(state) && (
        <a class="button" href={runAddress(id, "use")} aria-label={`${words.use} ${name}`}>
          {words.use}
        </a>
      )}
      {(state === "running" || state === "sampling" || state === "starting") && (
        <button type="button" aria-label={`${words.stop} ${name}`} onClick={act("stop", words.stopAsked(name))}>
          {words.stop}
        </button>
      )}
      {state === "draft" && (
        <button type="button" aria-label={`${words.begin} ${name}`} onClick={act("resume", words.resumed(name))}>
          {words.begin}
        </button>
      )}
      {(state === "stopped" || state === "lost") && (
        <button type="button" aria-label={`${words.resume} ${name}`} onClick={act("resume", words.resumed(name))}>
          {words.resume}
        </button>
      )}
      {isEnded && (
        <button type="button" class="quiet" aria-label={`${words.again}: ${name}`} onClick={again}>
          {words.again}
        </button>
      )}
      {!isAtWork(state) && (
        <button type="button" class="quiet" aria-label={`${words.delete}: ${name}`} onClick={discard}>
          {words.delete}
        </button>
      )}
    </div>
  );
}
