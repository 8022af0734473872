import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import { ask, fileAddress } from "../../live/index.ts";
import { attempt } from "../../parts/notices.tsx";
import {
  type AskedImage,
  type RunSample,
  type RunView,
  type Strip,
  sampleStrips,
  takeAbout,
} from "../../state/index.ts";
import { runs as runsTexts } from "../../texts/runs.ts";
import { watch as words } from "../../texts/watch.ts";
import { askSample, tellRun } from "./actions.tsx";
import { LargeSample } from "./large-sample.tsx";
import type { ShownRun } from "./use-run-view.ts";

/** Images of a strip shown at first. */
const mostShown = 40;

interface Opened {
  readonly strip: number;
  readonly name: string;
}

/** The images drawn by the run, in a strip for each prompt and seed. */
export function Samples({ row, view, change }: ShownRun) {
  const opened = useSignal<Opened | undefined>(undefined);
  const { samples } = view.about;
  const strips = useMemo(() => sampleStrips(samples), [samples]);
  const stars = new Set(view.about.marks.stars);
  const star = (step: number) =>
    attempt(async () => {
      const body = { step, isStarred: !stars.has(step) };
      const path = `/api/runs/${encodeURIComponent(row.id)}/star`;
      const { marks } = await ask<{ marks: RunView["about"]["marks"] }>("POST", path, { body });
      change((now) => takeAbout(now, { ...now.about, marks }));
    });
  const large = opened.value && strips[opened.value.strip];
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">{words.samples}</h2>
      {strips.length === 0 && <p class="faint">{words.noSamples}</p>}
      {strips.map((strip, i) => (
        <History
          key={`${strip.seed} ${strip.prompt}`}
          run={row.id}
          strip={strip}
          stars={stars}
          onOpen={(name) => {
            opened.value = { strip: i, name };
          }}
          onStar={star}
        />
      ))}
      {(row.state === "running" || row.state === "sampling") && (
        <>
          <Asked row={row} asked={view.asked} />
          <DrawForm row={row} view={view} />
        </>
      )}
      {opened.value && large && (
        <LargeSample
          run={row.id}
          samples={large.samples}
          name={opened.value.name}
          stars={stars}
          onMove={(name) => {
            opened.value = { strip: opened.value!.strip, name };
          }}
          onStar={star}
          onClose={() => {
            opened.value = undefined;
          }}
        />
      )}
    </section>
  );
}

interface HistoryProps {
  readonly run: string;
  readonly strip: Strip;
  readonly stars: ReadonlySet<number>;
  readonly onOpen: (name: string) => void;
  readonly onStar: (step: number) => void;
}

/** The images of a strip from left to right. New ones are added at the end, without moving the others. */
function History({ run, strip: { prompt, seed, samples }, stars, onOpen, onStar }: HistoryProps) {
  const list = useRef<HTMLUListElement>(null);
  const isAtEnd = useRef(true);
  const current = useSignal<string | undefined>(undefined);
  const isAll = useSignal(false);
  const shown = isAll.value ? samples : spread(samples, stars);
  const focusable = shown.some(({ name }) => name === current.value) ? current.value : shown.at(-1)?.name;
  useLayoutEffect(() => {
    const element = list.current;
    if (element && isAtEnd.current && !element.matches(":hover, :focus-within"))
      element.scrollLeft = element.scrollWidth;
  }, [shown.length]);
  const move = (event: KeyboardEvent) => {
    const buttons = [...list.current!.querySelectorAll<HTMLElement>("button")];
    const now = buttons.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: buttons.length - 1 }[event.key];
    const target = to === undefined || now < 0 ? undefined : buttons[to];
    if (target) target.focus();
    if (event.key.toLowerCase() === "s" && shown[now]) onStar(shown[now].step);
    if (to !== undefined || event.key.toLowerCase() === "s") event.preventDefault();
  };
  return (
    <div class="history">
      <h3>
        {prompt} <span class="faint">seed {seed}</span>
      </h3>
      <ul
        ref={list}
        aria-label={words.strip(prompt, seed)}
        onKeyDown={move}
        onScroll={({ currentTarget: { scrollLeft, clientWidth, scrollWidth } }) => {
          isAtEnd.current = scrollLeft + clientWidth >= scrollWidth - 8;
        }}
      >
        {shown.map((sample) => (
          <li key={sample.name}>
            <button
              type="button"
              tabIndex={sample.name === focusable ? 0 : -1}
              onFocus={() => {
                current.value = sample.name;
              }}
              onClick={() => onOpen(sample.name)}
            >
              <img
                loading="lazy"
                width={128}
                height={128}
                src={fileAddress(run, "samples", sample.name, { isThumb: true })}
                alt={runsTexts.sampleAlt(prompt, sample.step, seed)}
              />
              <span>
                {sample.step === 0 ? words.before : words.step(sample.step)}
                {stars.has(sample.step) && " "}
                {stars.has(sample.step) && (
                  <span class="star" role="img" aria-label={words.starred}>
                    ★
                  </span>
                )}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length < samples.length && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            isAll.value = true;
          }}
        >
          {words.all(samples.length)}
        </button>
      )}
    </div>
  );
}

/** Of many images the newest, evenly spread earlier ones, and all starred ones. */
function spread(samples: readonly RunSample[], stars: ReadonlySet<number>): readonly RunSample[] {
  if (samples.length <= mostShown) return samples;
  const newest = samples.length - mostShown / 4;
  const every = Math.ceil(newest / (mostShown - mostShown / 4));
  return samples.filter(({ step }, i) => i % every === 0 || i >= newest || stars.has(step));
}

/** Requested images that are not drawn yet, each with a button to cancel it. */
function Asked({ row, asked }: { row: RunRow; asked: readonly AskedImage[] }) {
  const givenUp = useSignal<ReadonlySet<string>>(new Set());
  if (asked.length === 0) return null;
  const giveUp = async ({ id, prompt }: AskedImage): Promise<void> => {
    if (givenUp.value.has(id)) return;
    const said = words.cancelAsked(prompt);
    if (await tellRun(row, "cancel", { body: { command: id }, said, isBound: false }))
      givenUp.value = new Set(givenUp.value).add(id);
  };
  return (
    <ul class="asked" aria-label={words.asked}>
      {asked.map((image) => (
        <li key={image.id}>
          <span>{words.askedOne(image.prompt)}</span>
          <button
            type="button"
            aria-disabled={givenUp.value.has(image.id)}
            aria-label={givenUp.value.has(image.id) ? undefined : words.cancelLong(image.prompt)}
            onClick={() => giveUp(image)}
          >
            {givenUp.value.has(image.id) ? words.cancelling : words.cancel}
          </button>
        </li>
      ))}
    </ul>
  );
}

function DrawForm({ row, view }: { row: RunRow; view: RunView }) {
  const prompt = useSignal("");
  const [sample] = view.about.samples;
  return (
    <form
      class="inline"
      onSubmit={async (event) => {
        event.preventDefault();
        const text = prompt.value.trim();
        if (text === "") return;
        const size = sample && `--w ${sample.width} --h ${sample.height}`;
        if (await askSample(row, { prompt: text, ...(sample && { seed: sample.seed }), ...(size && { size }) }))
          prompt.value = "";
      }}
    >
      <input
        aria-label={words.drawPrompt}
        placeholder={`${words.drawPrompt}: ${row.word ?? row.name} …`}
        value={prompt.value}
        maxLength={2000}
        onInput={(event) => {
          prompt.value = event.currentTarget.value;
        }}
      />
      <button type="submit">{words.draw}</button>
    </form>
  );
}
