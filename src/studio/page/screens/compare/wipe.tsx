import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { compare as words } from "../../texts/compare.ts";

/** A picture as one side of a wipe. */
export interface Side {
  readonly source: string;
  readonly alt: string;
  /** "step 240" */
  readonly label: string;
}

/** Two pictures over each other, with a dividing line that is dragged or moved by arrow keys. */
export function Wipe({ left, right }: { left: Side; right: Side }) {
  const share = useSignal(50);
  const figure = useRef<HTMLElement>(null);
  // the figure gets its height only with its pictures
  const showWhole = () => figure.current?.scrollIntoView({ block: "nearest" });
  return (
    <figure class="wipe-figure" ref={figure}>
      <div class="wipe">
        <img src={right.source} alt={right.alt} onLoad={showWhole} />
        <img
          class="wipe-left"
          src={left.source}
          alt={left.alt}
          style={{ clipPath: `inset(0 ${100 - share.value}% 0 0)` }}
        />
        <div class="wipe-line" style={{ left: `${share.value}%` }} aria-hidden="true" />
        <input
          class="wipe-slider"
          type="range"
          min={0}
          max={100}
          step={1}
          value={share.value}
          aria-label={words.wipe}
          aria-valuetext={words.wipeValue(share.value, left.label, right.label)}
          onInput={({ currentTarget }) => {
            share.value = Number(currentTarget.value);
          }}
        />
      </div>
      <figcaption>
        <span>{left.label}</span>
        <span>{right.label}</span>
        <p class="faint">{words.wipeHelp}</p>
      </figcaption>
    </figure>
  );
}
