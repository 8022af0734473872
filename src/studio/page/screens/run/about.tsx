import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import type { Draft } from "../../../drafts/draft.ts";
import { ask } from "../../live/index.ts";
import { attempt } from "../../parts/notices.tsx";
import { go } from "../../route.ts";
import { type RunView, takeAbout } from "../../state/index.ts";
import { watch as words } from "../../texts/watch.ts";
import type { ShownRun } from "./use-run-view.ts";

/** Wait from the last key to saving a note, in milliseconds. */
const noteMs = 600;

/** The run's settings and notes. */
export function About({ row, view, change }: ShownRun) {
  const { about } = view;
  const settings = Object.entries(about.settings);
  return (
    <section aria-labelledby="about">
      <h2 id="about">{words.about}</h2>
      <Note row={row} view={view} change={change} />
      <details class="card">
        <summary>{words.settings}</summary>
        <dl class="settings">
          {settings.map(([flag, value]) => (
            <div key={flag}>
              <dt>
                <code>{flag}</code>
              </dt>
              <dd>{Array.isArray(value) ? value.join(" ") : String(value)}</dd>
            </div>
          ))}
        </dl>
        <Descendants row={row} view={view} />
      </details>
      <Console row={row} />
    </section>
  );
}

function Note({ row: { id }, view, change }: ShownRun) {
  const { note } = view.about.marks;
  const text = useSignal(note);
  const isSaved = useSignal(false);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const save = () =>
    attempt(async () => {
      await ask("PATCH", `/api/runs/${encodeURIComponent(id)}`, { body: { note: text.value } });
      const noted = text.value;
      change((now) => takeAbout(now, { ...now.about, marks: { ...now.about.marks, note: noted } }));
      isSaved.value = true;
    });
  return (
    <label class="field">
      <span>
        {words.note} <span class="faint">{isSaved.value ? words.noteSaved : ""}</span>
      </span>
      <textarea
        rows={2}
        placeholder={words.noteHint}
        value={text.value}
        maxLength={10_000}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          isSaved.value = false;
          clearTimeout(timer.current);
          timer.current = setTimeout(save, noteMs) as unknown as number;
        }}
      />
    </label>
  );
}

/** Ways to make a new draft from the run. */
function Descendants({ row: { id }, view }: { row: RunRow; view: RunView }) {
  const checkpoints = view.about.checkpoints;
  const chosen = useSignal<string | undefined>(undefined);
  const from = checkpoints.find(({ name }) => name === chosen.value) ?? checkpoints.at(-1);
  const begin = (action: "again" | "branch", body: object) =>
    attempt(async () => {
      const path = `/api/runs/${encodeURIComponent(id)}/${action}`;
      const { draft } = await ask<{ draft: Draft }>("POST", path, { body });
      go(`/new?draft=${draft.id}`);
    });
  return (
    <div class="actions">
      <button type="button" onClick={() => begin("again", {})}>
        {words.again}
      </button>
      {from && (
        <>
          <select
            aria-label={words.columns.step}
            value={from.name}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
            }}
          >
            {checkpoints.map(({ name, step }) => (
              <option key={name} value={name}>{`${words.step(step)} · ${name}`}</option>
            ))}
          </select>
          <button type="button" onClick={() => begin("branch", { checkpoint: from.name })}>
            {words.branch(from.step)}
          </button>
        </>
      )}
    </div>
  );
}

function toEnd(element: HTMLElement | null): void {
  if (element) element.scrollTop = element.scrollHeight;
}

/** The last lines of the run's console output, read on demand. */
function Console({ row: { id } }: { row: RunRow }) {
  const lines = useSignal<readonly string[] | undefined>(undefined);
  const read = () =>
    attempt(async () => {
      lines.value = (
        await ask<{ lines: readonly string[] }>("GET", `/api/runs/${encodeURIComponent(id)}/console`)
      ).lines;
    });
  return (
    <details
      class="card"
      onToggle={(event) => {
        if (event.currentTarget.open) read();
      }}
    >
      <summary>{words.console}</summary>
      {lines.value && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre class="log" tabIndex={0} ref={toEnd}>
          {lines.value.length === 0 ? words.noConsole : lines.value.join("\n")}
        </pre>
      )}
    </details>
  );
}
