import { useKeys } from "../../keys.ts";
import { fileAddress } from "../../live/index.ts";
import { Dialog } from "../../parts/dialog.tsx";
import type { RunSample } from "../../state/index.ts";
import { runs as runsTexts } from "../../texts/runs.ts";
import { watch as words } from "../../texts/watch.ts";

interface LargeProps {
  readonly run: string;
  /** Samples of one prompt and seed, by step. */
  readonly samples: readonly RunSample[];
  /** Name of the sample shown. */
  readonly name: string;
  readonly stars: ReadonlySet<number>;
  readonly onMove: (name: string) => void;
  readonly onStar: (step: number) => void;
  readonly onClose: () => void;
}

/** One image in full size; arrow keys move through the steps. */
export function LargeSample({ run, samples, name, stars, onMove, onStar, onClose }: LargeProps) {
  const index = samples.findIndex((one) => one.name === name);
  const sample = samples[index];
  const move = (by: number) => {
    const other = samples[index + by];
    if (other) onMove(other.name);
  };
  const star = () => sample && onStar(sample.step);
  useKeys([
    { keys: "ArrowLeft", does: words.previous, run: () => move(-1) },
    { keys: "ArrowRight", does: words.next, run: () => move(1) },
    { keys: "s", does: words.star, run: star },
  ]);
  if (!sample) return null;
  const { step, prompt, seed, width, height } = sample;
  const isStarred = stars.has(step);
  return (
    <Dialog title={step === 0 ? words.before : words.step(step)} onClose={onClose}>
      <div class="large">
        <img
          src={fileAddress(run, "samples", sample.name)}
          width={width}
          height={height}
          alt={runsTexts.sampleAlt(prompt, step, seed)}
        />
        <p>
          {prompt} <span class="faint">seed {seed}</span>
        </p>
        <div class="actions">
          <button type="button" disabled={index <= 0} onClick={() => move(-1)}>
            <span aria-hidden="true">←</span> {words.previous}
          </button>
          <button type="button" disabled={index >= samples.length - 1} onClick={() => move(1)}>
            {words.next} <span aria-hidden="true">→</span>
          </button>
          <button type="button" aria-pressed={isStarred} onClick={star}>
            <span aria-hidden="true">{isStarred ? "★" : "☆"}</span> {words.star}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
