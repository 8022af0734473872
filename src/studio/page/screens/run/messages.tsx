import { useSignal } from "@preact/signals";
import type { RunRow } from "../../../../runs/index.ts";
import { timeText } from "../../parts/format.ts";
import { type RunMessage, type RunView, slowDrawing } from "../../state/index.ts";
import { watch as words } from "../../texts/watch.ts";
import { tellRun } from "./actions.tsx";

const said = words.message;

/** Messages shown at first. */
const shownAtFirst = 12;

/** The messages of the run, the newest first. */
export function Messages({ row, view }: { row: RunRow; view: RunView }) {
  const isAll = useSignal(false);
  const all = view.messages.map((message) => ({ message, text: textOf(message) })).filter(({ text }) => text);
  const shown = (isAll.value ? all : all.slice(-shownAtFirst)).toReversed();
  return (
    <section aria-labelledby="messages">
      <h2 id="messages">{words.messages}</h2>
      <SlowDrawing row={row} view={view} />
      {all.length === 0 && <p class="faint">{words.noMessages}</p>}
      <ol class="messages">
        {shown.map(({ message, text }) => (
          <li key={message.seq} class={message.kind === "warning" ? "warning" : undefined}>
            <time class="faint" dateTime={new Date(message.time).toISOString()}>
              {timeText(message.time)}
            </time>
            <span>
              {message.kind === "warning" && <code>{message.code} </code>}
              {text}
            </span>
          </li>
        ))}
      </ol>
      {shown.length < all.length && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            isAll.value = true;
          }}
        >
          {words.earlier(all.length - shown.length)}
        </button>
      )}
    </section>
  );
}

/** The text of a message; undefined if it is shown elsewhere. */
function textOf(message: RunMessage): string | undefined {
  switch (message.kind) {
    case "warning":
    case "choice":
    case "initWord":
      return message.message;
    case "opened":
      return said.opened;
    case "saved":
      return said.saved(message.step, message.file.split(/[/\\]/).at(-1)!);
    case "stopping":
      return said.stopping(message.reason);
    case "answer":
      return message.problem && said.refused(message.command, message.problem);
    case "closed":
      return message.outcome === "failed" ? said.failed(message.problem?.message ?? "") : said[message.outcome];
  }
}

/** Warns that drawing takes much of the run's time, and offers to draw less often. */
function SlowDrawing({ row, view }: { row: RunRow; view: RunView }) {
  const slow = slowDrawing(view);
  if (!slow || (row.state !== "running" && row.state !== "sampling")) return null;
  const { share, every } = slow;
  return (
    <div class="hint">
      <p>{words.slow(Math.round(share * 100))}</p>
      <button
        type="button"
        onClick={() =>
          tellRun(row, "set", { body: { sampleEvery: every }, said: words.lessAsked(every), isBound: false })
        }
      >
        {words.lessOften(every)}
      </button>
    </div>
  );
}
