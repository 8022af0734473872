import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunAbout, RunRow } from "../../../../runs/index.ts";
import { useKeys } from "../../keys.ts";
import { ask, useRun } from "../../live/index.ts";
import { durationText } from "../../parts/format.ts";
import { MissingRun } from "../../parts/missing-run.tsx";
import { attempt, notify, ProblemBox } from "../../parts/notices.tsx";
import { RunHead } from "../../parts/run-head.tsx";
import { go } from "../../route.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { compare as words } from "../../texts/compare.ts";
import { expectedSeconds, sampleViewsOf, useTries, viewsOf } from "../../tries/index.ts";
import {
  type Choice,
  cellsOf,
  choiceIn,
  columnsOf,
  type Position,
  positionsOf,
  queryOf,
  type Row,
  rowsOf,
} from "./choice.ts";
import { DrawButtons, Failures } from "./draw-buttons.tsx";
import { Grid, type Table } from "./grid.tsx";
import { AddPrompt, Equals } from "./prompts.tsx";
import { addressToUse, Steps } from "./steps.tsx";
import { type Shown, WipeView } from "./wipe-view.tsx";

/** A slider through all states of a word, with the same prompts and seeds. */
export function CompareScreen({ id }: { id: string }) {
  const tries = useTries(id);
  const { shown, problem, takeMarks } = useRun(id, tries.take);
  if (problem) return <MissingRun problem={problem} />;
  if (!shown) return <p class="faint">{commonTexts.loading}</p>;
  const { run, about } = shown;
  return (
    <>
      <RunHead run={run} screen="compare" />
      {run.state === undefined && run.problem && <ProblemBox problem={run.problem} />}
      {about?.checkpoints.length === 0 && <p>{words.tooFew}</p>}
      {about && about.checkpoints.length > 0 && (
        <Comparison run={run} about={about} tries={tries} onMarks={takeMarks} />
      )}
    </>
  );
}

interface Compared {
  readonly run: RunRow;
  readonly about: RunAbout;
  readonly tries: ReturnType<typeof useTries>;
  readonly onMarks: (marks: RunAbout["marks"]) => void;
}

function Comparison({ run: { id }, about, tries: { tries = [], draw, cancel }, onMarks }: Compared) {
  const positions = positionsOf(about);
  // kept in the address, so that a reload shows the same
  const changed = useSignal<Choice | undefined>(undefined);
  const choice = changed.value ?? choiceIn(location.search, about, positions);
  const change = (part: Partial<Choice>): void => {
    changed.value = { ...choice, ...part };
  };
  useEffect(() => {
    if (changed.value) history.replaceState(history.state, "", queryOf(changed.value));
  }, [changed.value]);
  const wiped = useSignal<Shown | undefined>(undefined);

  const labelOf = ({ kind, step, isStarred }: Position): string =>
    `${words.column(kind, step, initWordOf(about))}${isStarred ? " ★" : ""}`;
  const chosen = positions.find(({ key }) => key === choice.at) ?? positions[0]!;
  const columns = columnsOf(positions, choice);
  const viewOf = viewsOf(tries, choice);
  const sampleOf = sampleViewsOf(about);

  const star = async (): Promise<void> => {
    const { step, kind, isStarred } = chosen;
    if (kind === "start") return notify(words.noStar);
    await attempt(async () => {
      const body = { step, isStarred: !isStarred };
      const { marks } = await ask<{ marks: RunAbout["marks"] }>("POST", `/api/runs/${encodeURIComponent(id)}/star`, {
        body,
      });
      onMarks(marks);
      notify((isStarred ? words.unstarSaid : words.starSaid)(step));
    });
  };
  const keep = (): void => {
    const { kept } = choice;
    change({ kept: kept.includes(chosen.key) ? kept.filter((key) => key !== chosen.key) : [...kept, chosen.key] });
  };
  const toggleWipe = (): void => {
    const prompt = choice.prompts[0]!;
    const sides = [positions[0]!, chosen];
    const drawnOf = (row: Row) =>
      sides.filter(({ key }) => table.viewOf({ checkpoint: key, prompt, seed: row.seed }, row).state === "done").length;
    // prefers the row with the most pictures drawn
    const [row] = [...table.rowsOf(prompt)].sort((a, b) => drawnOf(b) - drawnOf(a));
    wiped.value = wiped.value ? undefined : { prompt, ...row! };
  };
  useKeys([
    ...Array.from({ length: 9 }, (_, i) => ({
      keys: String(i + 1),
      does: words.keyColumn,
      run: () => columns[i] && change({ at: columns[i].key }),
    })),
    { keys: "s", does: words.keyStar, run: star },
    {
      keys: "x",
      does: words.keyExport,
      run: () =>
        chosen.kind === "start" ? notify(words.noStar) : go(addressToUse(id, chosen.key, { isExport: true })),
    },
    { keys: "w", does: words.keyView, run: toggleWipe },
    ...(wiped.value ? [{ keys: "Escape", does: words.viewAll, run: toggleWipe }] : []),
  ]);

  const table: Table = {
    ...{ run: id, columns, choice, labelOf },
    rowsOf: (prompt) => rowsOf(prompt, { samples: about.samples, positions, seeds: choice.seeds }),
    viewOf: (cell, { isOfRun }) => (isOfRun ? sampleOf : viewOf)(cell),
    onChoose: (at) => change({ at }),
    onDraw: (cell) => draw([cell], choice),
    onOpen: ({ checkpoint, prompt }, row) => {
      change({ at: checkpoint });
      wiped.value = { prompt, ...row };
    },
  };
  return (
    <>
      <div>
        <h2 class="lead">{words.title}</h2>
        <p class="faint">{words.lead}</p>
      </div>
      <Steps
        run={id}
        {...{ positions, chosen, labelOf }}
        isKept={choice.kept.includes(chosen.key)}
        onChoose={table.onChoose}
        onStar={star}
        onKeep={keep}
      />
      <div class="screen-head">
        <DrawButtons
          cells={cellsOf(columns, choice)}
          allCells={cellsOf(positions, choice)}
          viewOf={viewOf}
          reason={tries.find(({ state, reason }) => state === "waiting" && reason !== undefined)?.reason}
          timeOf={(pictures) => {
            const seconds = expectedSeconds(tries, pictures, choice);
            return seconds === undefined ? undefined : durationText(seconds);
          }}
          onDraw={(cells) => draw(cells, choice)}
          onCancel={() => cancel()}
        />
        <button type="button" onClick={toggleWipe}>
          {wiped.value ? words.viewAll : words.viewWipe}
        </button>
      </div>
      <Failures cells={cellsOf(columns, choice)} viewOf={viewOf} />
      {wiped.value ? (
        <WipeView
          table={table}
          positions={positions}
          chosen={chosen}
          shown={wiped.value}
          onShow={(shown) => {
            wiped.value = shown;
          }}
        />
      ) : (
        choice.prompts.map((prompt) => (
          <section key={prompt}>
            <div class="screen-head">
              <h3>{prompt}</h3>
              {choice.prompts.length > 1 && (
                <button
                  type="button"
                  class="quiet"
                  aria-label={words.promptRemove(prompt)}
                  onClick={() => change({ prompts: choice.prompts.filter((one) => one !== prompt) })}
                >
                  {words.promptRemoveShort}
                </button>
              )}
            </div>
            <Grid prompt={prompt} table={table} />
          </section>
        ))
      )}
      <AddPrompt
        word={about.record.word}
        onAdd={(prompt) => change({ prompts: [...new Set([...choice.prompts, prompt])] })}
      />
      <Equals choice={choice} onChange={change} />
    </>
  );
}

function initWordOf({ settings }: RunAbout): string | undefined {
  return typeof settings.init_word === "string" ? settings.init_word : undefined;
}
