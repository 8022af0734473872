import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RunAbout, RunRow } from "../../../../runs/index.ts";
import { ask, fileAddress } from "../../live/index.ts";
import { spread } from "../../parts/order.ts";
import { runs as words } from "../../texts/runs.ts";

/** Most pictures in a strip. */
const mostPictures = 6;

/** Samples of a run over its steps, with its best and starred steps and exports. Read when it comes into view: a list may have a thousand runs. */
export function Strip({ run: { id, state } }: { run: RunRow }) {
  const about = useSignal<RunAbout | undefined>(undefined);
  const isSeen = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) isSeen.value = true;
    });
    seen.observe(element.current!);
    return () => seen.disconnect();
  }, [isSeen]);
  // read again when the state changes, as it does for each picture drawn
  useEffect(() => {
    if (!isSeen.value) return;
    // failures are ignored here: the run's own screen shows them
    ask<{ about?: RunAbout }>("GET", `/api/runs/${encodeURIComponent(id)}`).then(
      (answer) => {
        about.value = answer.about;
      },
      () => {},
    );
  }, [isSeen.value, id, state]);
  const { samples = [], checkpoints = [], marks } = about.value ?? {};
  const ofOnePrompt = samples.filter(({ prompt, seed }) => prompt === samples[0]!.prompt && seed === samples[0]!.seed);
  const best = checkpoints.find(({ kind }) => kind === "best");
  const programs = [
    ...new Set(marks?.exports.map(({ program }) => (program === "folder" ? words.folder : program)) ?? []),
  ];
  const facts = [
    ...(best ? [words.best(best.step)] : []),
    ...(marks?.stars.map(words.starred) ?? []),
    ...(programs.length > 0 ? [words.exported(programs.join(", "))] : []),
  ];
  return (
    <div ref={element} class="strip-place">
      {ofOnePrompt.length > 0 && (
        <div class="strip">
          {spread(ofOnePrompt, mostPictures).map(({ name, prompt, step, seed }) => (
            <img
              key={name}
              loading="lazy"
              src={fileAddress(id, "samples", name, { isThumb: true })}
              alt={words.sampleAlt(prompt, step, seed)}
            />
          ))}
        </div>
      )}
      {facts.length > 0 && <p class="faint">{facts.join(" · ")}</p>}
    </div>
  );
}
