import { useSignal } from "@preact/signals";
import type { RunAbout } from "../../../../runs/index.ts";
import { fileAddress } from "../../live/index.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { ProblemBox } from "../../parts/notices.tsx";
import { compare as compareTexts } from "../../texts/compare.ts";
import { use as words } from "../../texts/use.ts";
import type { Try } from "../../tries/index.ts";

function labelOf({ checkpoint, trainedSteps }: Try, { checkpoints }: RunAbout): string {
  if (checkpoint === "now") return trainedSteps === undefined ? words.nowLabel : words.stepLabel(trainedSteps);
  if (checkpoint === "start") return words.startLabel;
  const found = checkpoints.find(({ name }) => name === checkpoint);
  if (!found) return checkpoint;
  return found.kind === "average" ? words.averageLabel : words.stepLabel(found.step);
}

function stateText({ state, steps, drawnSteps }: Try): string {
  if (state === "failed") return compareTexts.failed;
  if (state !== "drawing" || drawnSteps === undefined) return state === "drawing" ? words.drawing : words.waiting;
  return drawnSteps === 0 ? words.loading : words.drawnSteps(drawnSteps, steps);
}

/** A picture as large as fits, or its progress. */
export function Drawn({
  run,
  about,
  one,
  onAgain,
  onCancel,
}: {
  run: string;
  about: RunAbout;
  one: Try;
  onAgain: () => void;
  onCancel: () => void;
}) {
  const { state, file, prompt, seed, width, height, steps, guidance, problem } = one;
  const shape = { aspectRatio: `${width} / ${height}` };
  return (
    <figure class="drawn" aria-label={words.result}>
      {state === "done" && file !== undefined ? (
        <img style={shape} src={fileAddress(run, "tries", file)} alt={words.alt(prompt, labelOf(one, about), seed)} />
      ) : (
        // a failed picture shows its problem instead
        !problem && (
          <div class={`picture empty ${state}`} style={shape}>
            {stateText(one)}
          </div>
        )
      )}
      {state === "waiting" && one.reason && <p class="faint">{one.reason}</p>}
      {(state === "waiting" || state === "drawing") && (
        <div class="actions">
          <button type="button" class="quiet" onClick={onCancel}>
            {compareTexts.cancel}
          </button>
        </div>
      )}
      {problem && (
        <ProblemBox problem={problem}>
          <div class="actions">
            <button type="button" onClick={onAgain}>
              {words.again}
            </button>
          </div>
        </ProblemBox>
      )}
      <figcaption>
        <p>{prompt}</p>
        <p class="faint">
          {labelOf(one, about)} · {compareTexts.seed(seed)} · {words.facts(width, height, steps, guidance)}
        </p>
      </figcaption>
      <p class="spoken" role="status">
        {state === "done" ? words.done(prompt) : state === "drawing" ? words.drawing : ""}
      </p>
    </figure>
  );
}

/** Earlier pictures shown at first. */
const mostEarlier = 8;

/** All pictures drawn with the word of a run, the newest first. */
export function Earlier({
  run,
  about,
  tries,
  onShow,
  onSameSeed,
}: {
  run: string;
  about: RunAbout;
  tries: readonly Try[];
  onShow: (one: Try) => void;
  onSameSeed: (one: Try) => void;
}) {
  const isAll = useSignal(false);
  const done = tries.filter(({ state }) => state === "done");
  if (done.length === 0) return null;
  return (
    <section aria-labelledby="history">
      <h3 id="history">{words.history}</h3>
      <ul class="tries">
        {done.slice(0, isAll.value ? undefined : mostEarlier).map((one) => {
          const alt = words.alt(one.prompt, labelOf(one, about), one.seed);
          return (
            <li key={one.id}>
              <button type="button" class="picture" aria-label={words.show(alt)} onClick={() => onShow(one)}>
                <img loading="lazy" src={fileAddress(run, "tries", one.file!, { isThumb: true })} alt={alt} />
              </button>
              <p>{one.prompt}</p>
              <p class="faint">
                {labelOf(one, about)} · {compareTexts.seed(one.seed)}
              </p>
              <div class="actions">
                <CopyButton text={one.prompt} label={words.copyPrompt(one.prompt)} />
                <button
                  type="button"
                  class="quiet"
                  aria-label={words.sameSeedLong(one.seed)}
                  onClick={() => onSameSeed(one)}
                >
                  {words.sameSeed}
                </button>
              </div>
            </li>
          );
        })}
      </ul>
      {done.length > mostEarlier && !isAll.value && (
        <div class="actions">
          <button
            type="button"
            onClick={() => {
              isAll.value = true;
            }}
          >
            {words.historyAll(done.length)}
          </button>
        </div>
      )}
    </section>
  );
}
