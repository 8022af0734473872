import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunRow } from "../../../runs/index.ts";
import type { Draft } from "../../drafts/draft.ts";
import { useKeys } from "../keys.ts";
import { ask, readRows, rows, useStream } from "../live/index.ts";
import { agoText, lossText } from "../parts/format.ts";
import { attempt, notify, ProblemBox } from "../parts/notices.tsx";
import { isAtWork, RunProgress, StateBadge } from "../parts/run-state.tsx";
import { go, runAddress } from "../route.ts";
import { texts } from "../texts/index.ts";

const words = texts.runs;

/** All words: those being prepared, learned and done. */
export function RunsScreen() {
  const filter = useSignal("");
  const drafts = useSignal<readonly Draft[]>([]);
  const all = rows.value;
  useStream();
  useEffect(() => {
    attempt(async () => {
      drafts.value = (await ask<{ drafts: readonly Draft[] }>("GET", "/api/drafts")).drafts;
    });
  }, [drafts]);
  useKeys([{ keys: "/", does: words.filter, run: () => document.getElementById("filter")?.focus() }]);

  if (!all) return <p class="faint">{texts.common.loading}</p>;
  const wanted = filter.value.trim().toLowerCase();
  const fitting = all.filter((run) =>
    `${run.name} ${run.word} ${texts.common.state[run.state ?? "unreadable"]}`.toLowerCase().includes(wanted),
  );
  const open = drafts.value.filter(({ word, pictures }) => word !== "" || pictures.length > 0);
  if (all.length === 0 && open.length === 0) return <NoRuns />;
  return (
    <>
      <header class="screen-head">
        <h1>{words.title}</h1>
        {all.length > 3 && (
          <input
            id="filter"
            type="search"
            aria-label={words.filter}
            placeholder={words.filter}
            value={filter.value}
            onInput={(event) => {
              filter.value = event.currentTarget.value;
            }}
          />
        )}
      </header>
      {open.length > 0 && wanted === "" && (
        <section aria-labelledby="drafts">
          <h2 id="drafts">{words.drafts}</h2>
          <ul class="cards">
            {open.map((draft) => (
              <DraftCard
                key={draft.id}
                draft={draft}
                onDiscard={() => {
                  drafts.value = drafts.value.filter(({ id }) => id !== draft.id);
                }}
              />
            ))}
          </ul>
        </section>
      )}
      <ul class="cards">
        {fitting.map((run) => (
          <RunCard key={run.id} run={run} />
        ))}
      </ul>
      {fitting.length === 0 && wanted !== "" && <p>{words.noneFit(filter.value)}</p>}
    </>
  );
}

function NoRuns() {
  return (
    <section class="hero">
      <h1>{words.emptyTitle}</h1>
      <p>{words.empty}</p>
      <a class="button primary" href="/new">
        {words.start}
      </a>
    </section>
  );
}

function DraftCard({ draft, onDiscard }: { draft: Draft; onDiscard: () => void }) {
  const name = words.draftOf(draft.word);
  const discard = async () => {
    if (await attempt(() => ask("DELETE", `/api/drafts/${draft.id}`))) {
      onDiscard();
      notify(words.discarded(name));
    }
  };
  return (
    <li class="card">
      <div class="card-head">
        <h3>
          <a href={`/new?draft=${draft.id}`}>{name}</a>
        </h3>
        <span class="faint">
          {words.pictures(draft.pictures.length)} · {agoText(Date.parse(draft.changedAt))}
        </span>
      </div>
      <div class="strip">
        {draft.pictures.slice(0, 6).map((picture) => (
          <img
            key={picture.name}
            loading="lazy"
            src={`/api/drafts/${draft.id}/pictures/${encodeURIComponent(picture.name)}`}
            alt={picture.caption || picture.original}
          />
        ))}
      </div>
      <div class="actions">
        <a class="button" href={`/new?draft=${draft.id}`}>
          {words.goOn}
        </a>
        <button type="button" class="quiet" onClick={discard}>
          {words.discard}
        </button>
      </div>
    </li>
  );
}

function RunCard({ run }: { run: RunRow }) {
  const { id, name, state, updatedMs, averageLoss, step, problem, cause } = run;
  return (
    <li class="card">
      <div class="card-head">
        <h3>
          <a href={runAddress(id)}>{name}</a>
        </h3>
        <StateBadge state={state} />
        {!isAtWork(state) && updatedMs !== undefined && <span class="faint">{agoText(updatedMs)}</span>}
        {averageLoss !== undefined && step !== undefined && !isAtWork(state) && (
          <span class="faint">
            {texts.common.step(step, undefined)} · {lossText(averageLoss)}
          </span>
        )}
      </div>
      {isAtWork(state) && <RunProgress run={run} />}
      {problem && <ProblemBox problem={problem} />}
      {cause && <p class="warning">{cause}</p>}
      <RunActions run={run} />
    </li>
  );
}

function RunActions({ run: { id, name, state, seq } }: { run: RunRow }) {
  const act = (action: string, said: string) => async () => {
    const isDone = await attempt(() => ask("POST", `/api/runs/${encodeURIComponent(id)}/${action}`, { ifMatch: seq }));
    if (isDone) notify(said);
  };
  const again = () =>
    attempt(async () => {
      const { draft } = await ask<{ draft: Draft }>("POST", `/api/runs/${encodeURIComponent(id)}/again`);
      go(`/new?draft=${draft.id}`);
    });
  const discard = async () => {
    const isGone = await attempt(async () => {
      const { trash } = await ask<{ trash: string }>("DELETE", `/api/runs/${encodeURIComponent(id)}`, { ifMatch: seq });
      await readRows();
      notify(words.discarded(name), {
        undo: () => attempt(() => ask("POST", `/api/trash/${trash}/restore`).then(readRows)),
      });
    });
    return isGone;
  };
  const isEnded = state !== undefined && ["stopped", "done", "failed", "lost"].includes(state);
  return (
    <div class="actions">
      <a class="button" href={runAddress(id)} aria-label={`${words.open} ${name}`}>
        {words.open}
      </a>
      {(state === "running" || state === "sampling" || state === "starting") && (
        <button type="button" aria-label={`${words.stop} ${name}`} onClick={act("stop", words.stopAsked(name))}>
          {words.stop}
        </button>
      )}
      {state === "queued" && (
        <button type="button" aria-label={`${words.dequeue}: ${name}`} onClick={act("stop", words.dequeue)}>
          {words.dequeue}
        </button>
      )}
      {(state === "stopped" || state === "lost") && (
        <button type="button" aria-label={`${words.resume} ${name}`} onClick={act("resume", words.resumed(name))}>
          {words.resume}
        </button>
      )}
      {isEnded && (
        <>
          <button type="button" class="quiet" aria-label={`${words.again}: ${name}`} onClick={again}>
            {words.again}
          </button>
          <button type="button" class="quiet" aria-label={`${words.delete}: ${name}`} onClick={discard}>
            {words.delete}
          </button>
        </>
      )}
    </div>
  );
}
