import { useRef } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import { ask } from "../../live/index.ts";
import { durationText } from "../../parts/format.ts";
import { attempt, notify } from "../../parts/notices.tsx";
import { runAddress } from "../../route.ts";
import { runs as words } from "../../texts/runs.ts";

/** Says which run is in progress. */
export function DeviceLine({ current }: { current: RunRow | undefined }) {
  return (
    <p class="faint">
      <span class={current ? "lamp on" : "lamp"} aria-hidden="true" />
      {!current && words.idle}
      {current &&
        (current.remainingSeconds === undefined || current.state === "starting"
          ? words.learningNow(current.name)
          : words.learningLeft(current.name, durationText(current.remainingSeconds)))}
    </p>
  );
}

/** The queued runs, in the order in which they start. */
export function Queue({ queue, current }: { queue: readonly RunRow[]; current: RunRow | undefined }) {
  const list = useRef<HTMLOListElement>(null);
  const act = ({ id, seq }: RunRow, action: string, body: object) =>
    attempt(() => ask("POST", `/api/runs/${encodeURIComponent(id)}/${action}`, { ifMatch: seq, body }));
  const move = async (run: RunRow, position: number): Promise<void> => {
    if (position < 0 || position >= queue.length) return;
    if (await act(run, "queue", { position })) notify(words.moved(run.name, position + 1));
  };
  return (
    <section aria-labelledby="queue">
      <h2 id="queue">{words.queue}</h2>
      <ol class="cards" ref={list}>
        {queue.map((run, i) => (
          <li key={run.id} class="card waiting">
            <div class="card-head">
              <h3>
                <a href={runAddress(run.id)}>{run.name}</a>
              </h3>
              <span class="faint">
                {i > 0 ? words.waitsFor(i) : current ? words.startsAfter(current.name) : words.startsNext}
              </span>
            </div>
            <div class="actions">
              {queue.length > 1 && (
                <>
                  <button
                    type="button"
                    aria-label={words.earlier(run.name)}
                    aria-disabled={i === 0}
                    onClick={() => move(run, i - 1)}
                  >
                    ↑
                  </button>
                  <button
                    type="button"
                    aria-label={words.later(run.name)}
                    aria-disabled={i === queue.length - 1}
                    onClick={() => move(run, i + 1)}
                  >
                    ↓
                  </button>
                </>
              )}
              <button
                type="button"
                class="quiet"
                aria-label={`${words.dequeue}: ${run.name}`}
                onClick={async () => {
                  if (await act(run, "stop", {})) notify(words.dequeued(run.name));
                }}
              >
                {words.dequeue}
              </button>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
