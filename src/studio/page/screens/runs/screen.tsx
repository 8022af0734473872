import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import type { Draft } from "../../../drafts/draft.ts";
import { useKeys } from "../../keys.ts";
import { ask, rows, useStream } from "../../live/index.ts";
import { attempt } from "../../parts/notices.tsx";
import { orderOf } from "../../parts/order.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { runs as words } from "../../texts/runs.ts";
import { Differences } from "./differences.tsx";
import { DraftCard } from "./draft-card.tsx";
import { DeviceLine, Queue } from "./queue.tsx";
import { RunCard } from "./run-card.tsx";
import { TrashView } from "./trash.tsx";

/** Runs up to which the list needs no filter. */
const fewRuns = 3;
/** Runs shown at first; more on demand. */
const shownRuns = 40;

/** All drafts and runs. */
export function RunsScreen() {
  const filter = useSignal("");
  const drafts = useSignal<readonly Draft[]>([]);
  /** Runs chosen to compare their settings; undefined unless choosing. */
  const chosen = useSignal<readonly string[] | undefined>(undefined);
  const all = rows.value;
  useStream();
  const readDrafts = () =>
    attempt(async () => {
      drafts.value = (await ask<{ drafts: readonly Draft[] }>("GET", "/api/drafts")).drafts;
    });
  useEffect(() => {
    readDrafts();
  }, []);
  useKeys([{ keys: "/", does: words.filter, run: () => document.getElementById("filter")?.focus() }]);

  if (!all) return <p class="faint">{commonTexts.loading}</p>;
  const { current, queue, others } = orderOf(all, filter.value);
  const open = drafts.value.filter(isWaiting);
  const trash = <TrashView shown={all.length + drafts.value.length} onRestored={readDrafts} />;
  if (all.length === 0 && open.length === 0)
    return (
      <>
        <NoRuns />
        {trash}
      </>
    );
  const choose = (id: string): void => {
    const before = chosen.value ?? [];
    chosen.value = before.includes(id) ? before.filter((one) => one !== id) : [...before, id].slice(-2);
  };
  const [a, b] = (chosen.value ?? []).map((id) => all.find((run) => run.id === id));
  return (
    <>
      <header class="screen-head">
        <div>
          <h1>{words.title}</h1>
          <DeviceLine current={current} />
        </div>
        <div class="actions">
          {all.length > 1 && (
            <Choosing
              count={chosen.value?.length}
              onChange={(isChoosing) => {
                chosen.value = isChoosing ? [] : undefined;
              }}
            />
          )}
          {all.length > fewRuns && (
            <input
              id="filter"
              type="search"
              aria-label={words.filter}
              placeholder={words.filter}
              value={filter.value}
              onInput={({ currentTarget: { value } }) => {
                filter.value = value;
              }}
            />
          )}
        </div>
      </header>
      {open.length > 0 && filter.value === "" && (
        <section aria-labelledby="drafts">
          <h2 id="drafts">{words.drafts}</h2>
          <ul class="cards">
            {open.map((draft) => (
              <DraftCard key={draft.id} draft={draft} onChange={readDrafts} />
            ))}
          </ul>
        </section>
      )}
      {others.length > 0 && <RunList runs={others} {...(chosen.value && { chosen: chosen.value })} onChoose={choose} />}
      {others.length === 0 && filter.value !== "" && <p>{words.noneFit(filter.value)}</p>}
      {queue.length > 0 && <Queue queue={queue} current={current} />}
      {trash}
      {a && b && (
        <Differences
          a={a}
          b={b}
          onClose={() => {
            chosen.value = undefined;
          }}
        />
      )}
    </>
  );
}

function RunList({
  runs,
  chosen,
  onChoose,
}: {
  runs: readonly RunRow[];
  chosen?: readonly string[];
  onChoose: (id: string) => void;
}) {
  const most = useSignal(shownRuns);
  return (
    <section aria-labelledby="list">
      <h2 id="list" class="spoken">
        {words.list}
      </h2>
      <ul class="cards runs">
        {runs.slice(0, most.value).map((run) => (
          <RunCard
            key={run.id}
            run={run}
            choice={chosen && { isChosen: chosen.includes(run.id), onChange: () => onChoose(run.id) }}
          />
        ))}
      </ul>
      {runs.length > most.value && (
        <button
          type="button"
          onClick={() => {
            most.value += shownRuns;
          }}
        >
          {words.showMore(Math.min(shownRuns, runs.length - most.value), runs.length)}
        </button>
      )}
    </section>
  );
}

/** Starts and ends the choice of two runs. count: of the runs chosen so far; undefined unless choosing. */
function Choosing({ count, onChange }: { count: number | undefined; onChange: (isChoosing: boolean) => void }) {
  if (count === undefined)
    return (
      <button type="button" class="quiet" onClick={() => onChange(true)}>
        {words.compareSettings}
      </button>
    );
  return (
    <>
      <span role="status">{words.chooseTwo[count === 0 ? 0 : 1]}</span>
      <button type="button" class="quiet" onClick={() => onChange(false)}>
        {words.chooseEnd}
      </button>
    </>
  );
}

function NoRuns() {
  return (
    <section class="hero">
      <h1>{words.emptyTitle}</h1>
      <p>{words.empty}</p>
      <p class="faint">{words.emptyNeeds}</p>
      <a class="button primary" href="/new">
        {words.start}
      </a>
    </section>
  );
}

/** Whether a draft has contents that were not started yet. */
function isWaiting({ word, pictures, revision, startedRevision }: Draft): boolean {
  return (word !== "" || pictures.length > 0) && revision !== startedRevision;
}
