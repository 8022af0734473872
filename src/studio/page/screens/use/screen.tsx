import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { RunAbout } from "../../../../runs/index.ts";
import { useRun } from "../../live/index.ts";
import { MissingRun } from "../../parts/missing-run.tsx";
import { ProblemBox } from "../../parts/notices.tsx";
import { RunHead } from "../../parts/run-head.tsx";
import { isAtWork } from "../../parts/run-state.tsx";
import { common as commonTexts } from "../../texts/common.ts";
import { use as words } from "../../texts/use.ts";
import { useTries } from "../../tries/index.ts";
import { Export } from "./export.tsx";
import { Report } from "./report.tsx";
import { Trying } from "./trying.tsx";

/** Draws with the word, and exports it to other programs. */
export function UseScreen({ id }: { id: string }) {
  const tries = useTries(id);
  const { shown, problem, takeMarks } = useRun(id, tries.take);
  const chosen = useSignal(new URLSearchParams(location.search).get("checkpoint") ?? "");
  if (problem) return <MissingRun problem={problem} />;
  if (!shown) return <p class="faint">{commonTexts.loading}</p>;
  const { run, about } = shown;
  const isLive = isAtWork(run.state);
  const isNow = isLive && (chosen.value === "now" || about?.checkpoints.length === 0);
  const checkpoint = about && (about.checkpoints.find(({ name }) => name === chosen.value) ?? usualOf(about));
  return (
    <>
      <RunHead run={run} screen="use" />
      {run.state === undefined && run.problem && <ProblemBox problem={run.problem} />}
      {about && !checkpoint && !isLive && <p>{words.tooFew}</p>}
      {about && (checkpoint || isLive) && (
        <div class="narrow">
          <Which
            about={about}
            isLive={isLive}
            value={isNow ? "now" : checkpoint!.name}
            onChange={(name) => {
              chosen.value = name;
              history.replaceState(history.state, "", `?${new URLSearchParams({ checkpoint: name })}`);
            }}
          />
          <Trying run={id} about={about} checkpoint={isNow ? "now" : checkpoint!.name} tries={tries} />
          {checkpoint ? (
            <Export run={id} about={about} checkpoint={checkpoint} onMarks={takeMarks} />
          ) : (
            <p class="faint">{words.exportNow}</p>
          )}
          <Report run={id} hasReport={about.report} />
        </div>
      )}
    </>
  );
}

/** The default checkpoint: the last starred, the best, or the result. */
function usualOf({ checkpoints, marks }: RunAbout): RunAbout["checkpoints"][number] | undefined {
  const star = marks.stars.at(-1);
  const result = checkpoints.filter(({ kind }) => kind !== "step").at(-1);
  return (
    checkpoints.find(({ step, kind }) => step === star && kind !== "average") ??
    checkpoints.find(({ kind }) => kind === "best" || kind === "average") ??
    result ??
    checkpoints.at(-1)
  );
}

/** The choice of a checkpoint. isLive: whether the run is in progress, so that its current vectors can be tried. */
function Which({
  about,
  isLive,
  value,
  onChange,
}: {
  about: RunAbout;
  isLive: boolean;
  value: string;
  onChange: (name: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{words.which}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {isLive && <option value="now">{words.now}</option>}
        {about.checkpoints.map(({ name, step, kind }) => (
          <option key={name} value={name}>
            {words.checkpoint(kind, step, about.marks.stars.includes(step))}
          </option>
        ))}
      </select>
    </div>
  );
}
