import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import type { RunView } from "../../state/index.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { watch as watchTexts } from "../../texts/watch.ts";

/** Pause between two announcements, in milliseconds. */
const pauseMs = 2000;
/** Share of the run between two announcements of progress, in percent. */
const progressStep = 10;

/** Announces changes to screen readers: the state, each tenth of the run, new pictures; at most one sentence every two seconds, the newest. */
export function Spoken({ row, view: { pace, about } }: { row: RunRow; view: RunView }) {
  const text = useSignal("");
  const share = pace ? Math.floor((100 * pace.step) / pace.steps / progressStep) * progressStep : 0;
  const sample = about.samples.at(-1);
  const state = commonTexts.state[row.state ?? "unreadable"];
  const last = useRef({ share, sample: sample?.name, state, at: 0 });
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => {
    const before = last.current;
    const said = [
      before.state !== state && row.state !== "sampling" && row.state !== "running" && watchTexts.spoken.state(state),
      before.share < share && watchTexts.spoken.progress(share),
      before.sample !== sample?.name && sample && watchTexts.spoken.sample(sample.step),
    ].find((one) => one);
    last.current = { ...before, share, sample: sample?.name, state };
    if (!said) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => {
        text.value = said;
        last.current.at = performance.now();
      },
      Math.max(0, before.at + pauseMs - performance.now()),
    ) as unknown as number;
  }, [share, sample?.name, state]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <p class="spoken" role="status" aria-live="polite">
      {text}
    </p>
  );
}
