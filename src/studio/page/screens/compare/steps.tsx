import { runAddress } from "../../route.ts";
import { compare as words } from "../../texts/compare.ts";
import type { Position } from "./choice.ts";

/** The slider through all states of the word, and the actions for its position. */
export function Steps({
  run,
  positions,
  chosen,
  isKept,
  labelOf,
  onChoose,
  onStar,
  onKeep,
}: {
  run: string;
  positions: readonly Position[];
  chosen: Position;
  isKept: boolean;
  labelOf: (position: Position) => string;
  onChoose: (key: string) => void;
  onStar: () => void;
  onKeep: () => void;
}) {
  const { key, kind, step, isStarred } = chosen;
  const label = labelOf(chosen);
  return (
    <section class="card" aria-labelledby="steps">
      <div class="card-head">
        <h2 id="steps">{label}</h2>
      </div>
      <input
        class="steps"
        type="range"
        min={0}
        max={positions.length - 1}
        step={1}
        value={positions.indexOf(chosen)}
        aria-label={words.slider}
        aria-valuetext={label}
        onInput={({ currentTarget }) => {
          const to = positions[Number(currentTarget.value)];
          if (to) onChoose(to.key);
        }}
      />
      <div class="actions">
        {kind === "start" ? (
          <p class="faint">{words.noStar}</p>
        ) : (
          <>
            <button type="button" aria-pressed={isStarred} onClick={onStar}>
              <span aria-hidden="true">{isStarred ? "★" : "☆"}</span>
              {(isStarred ? words.unstar : words.star)(step)}
            </button>
            {kind === "step" && !isStarred && (
              <button type="button" class="quiet" aria-pressed={isKept} onClick={onKeep}>
                {(isKept ? words.unkeep : words.keep)(label)}
              </button>
            )}
            <a class="button quiet" href={addressToUse(run, key)}>
              {words.use(label)}
            </a>
          </>
        )}
      </div>
    </section>
  );
}

/** The address of the screen that uses a checkpoint of a run. isExport: to export it to other programs. */
export function addressToUse(run: string, checkpoint: string, { isExport = false } = {}): string {
  const query = new URLSearchParams({ checkpoint, ...(isExport && { to: "export" }) });
  return `${runAddress(run, "use")}?${query}`;
}
