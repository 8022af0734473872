import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import type { RunAbout } from "../../../../runs/index.ts";
import { durationText } from "../../parts/format.ts";
import { use as words } from "../../texts/use.ts";
import {
  type Cell,
  type Drawing,
  DrawingFields,
  expectedSeconds,
  newestFirst,
  type Try,
  type useTries,
  usualDrawing,
} from "../../tries/index.ts";
import { Drawn, Earlier } from "./drawn.tsx";

const usualSeed = 42;
/** Random seeds are below this, short enough to read out. */
const seedsByLot = 1_000_000;

/** Tries prompts with one checkpoint of the word. */
export function Trying({
  run,
  about,
  checkpoint,
  tries: { tries = [], draw, cancel },
}: {
  run: string;
  about: RunAbout;
  /** The checkpoint's file, or "now". */
  checkpoint: string;
  tries: ReturnType<typeof useTries>;
}) {
  const { word } = about.record;
  const id = useId();
  const [prompt, seed] = [useSignal(`a photo of ${word}`), useSignal(usualSeed)];
  const drawing = useSignal<Drawing>(usualDrawing(about));
  const shown = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const newest = newestFirst(tries);
  const now: Try | undefined = newest.find((one) => one.id === shown.value) ?? newest[0];
  const seconds = expectedSeconds(tries, 1, drawing.value);
  const ask = async (cell: Cell, as: Drawing): Promise<void> => {
    const asked = await draw([cell], as);
    if (asked?.[0]) shown.value = asked[0].id;
  };
  const send = async (): Promise<void> => {
    const text = prompt.value.replace(/\s+/g, " ").trim();
    if (text !== "") await ask({ checkpoint, prompt: text, seed: seed.value }, drawing.value);
  };
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{words.try}</h2>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <div class="field wide">
          <label for={`${id}-prompt`}>{words.prompt}</label>
          <textarea
            id={`${id}-prompt`}
            ref={field}
            rows={2}
            maxLength={2000}
            value={prompt.value}
            onInput={({ currentTarget: { value } }) => {
              prompt.value = value;
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
          {!prompt.value.includes(word) && <p class="warning">{words.promptWithout(word)}</p>}
        </div>
        <div class="actions">
          <button type="submit" class="primary">
            {seconds === undefined ? words.draw : words.drawTime(durationText(seconds))}
          </button>
          <span class="labelled">
            <label for={`${id}-seed`}>{words.seed}</label>
            <input
              id={`${id}-seed`}
              class="short"
              type="number"
              min={0}
              max={2 ** 32 - 1}
              value={seed.value}
              onInput={({ currentTarget: { value } }) => {
                if (/^\d{1,10}$/.test(value) && Number(value) < 2 ** 32) seed.value = Number(value);
              }}
            />
          </span>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              seed.value = Math.floor(Math.random() * seedsByLot);
            }}
          >
            {words.newSeed}
          </button>
        </div>
        <details>
          <summary>
            {words.more}{" "}
            <span class="faint">
              {words.facts(drawing.value.width, drawing.value.height, drawing.value.steps, drawing.value.guidance)}
            </span>
          </summary>
          <DrawingFields
            drawing={drawing.value}
            onChange={(changed) => {
              drawing.value = changed;
            }}
          />
        </details>
      </form>
      {now && (
        <Drawn run={run} about={about} one={now} onAgain={() => ask(now, now)} onCancel={() => cancel([now.id])} />
      )}
      {newest.length > 0 && (
        <Earlier
          run={run}
          about={about}
          tries={newest}
          onShow={(one) => {
            shown.value = one.id;
          }}
          onSameSeed={(one) => {
            seed.value = one.seed;
            field.current?.focus();
          }}
        />
      )}
    </section>
  );
}
