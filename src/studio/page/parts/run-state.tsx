import type { RunRow } from "../../../runs/index.ts";
import { common as commonTexts } from "../texts/common.ts";
import { durationText } from "./format.ts";

/** The state of a run as a word, never by colour alone. */
export function StateBadge({ state }: { state: RunRow["state"] }) {
  return <span class={`badge ${state ?? "unreadable"}`}>{commonTexts.state[state ?? "unreadable"]}</span>;
}

/** Whether a process is working on a run in this state. */
export function isAtWork(state: RunRow["state"]): boolean {
  return state !== undefined && ["starting", "running", "sampling", "stopping"].includes(state);
}

/** The progress of a run. doing: its current activity besides training. */
export function RunProgress({ run, doing }: { run: RunRow; doing?: string | undefined }) {
  const { step = 0, steps, name, state } = run;
  // while the run starts, or after its training, only an old estimate is known
  const remainingSeconds = isAtWork(state) && state !== "starting" ? run.remainingSeconds : undefined;
  const share = steps ? Math.min(1, step / steps) : 0;
  return (
    <div class="run-progress">
      <div
        class="bar"
        role="progressbar"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 10) * 10}
        aria-valuetext={commonTexts.progress(Math.floor(share * 100))}
      >
        <div class="done" style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </div>
      <span class="faint">
        {commonTexts.step(step, steps)}
        {remainingSeconds !== undefined && ` · ${commonTexts.timeLeft(durationText(remainingSeconds))}`}
        {doing !== undefined && ` · ${doing}`}
      </span>
    </div>
  );
}
