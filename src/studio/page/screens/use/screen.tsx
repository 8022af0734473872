import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { RunAbout } from "../../../../runs/index.ts";
import { useRun } from "../../live/index.ts";
import { ProblemBox } from "../../parts/notices.tsx";
import { RunHead } from "../../parts/run-head.tsx";
import { texts } from "../../texts/index.ts";
import { useTries } from "../../tries/index.ts";
import { Export } from "./export.tsx";
import { Report } from "./report.tsx";
import { Trying } from "./trying.tsx";

const words = texts.use;

/** Drawing with the word, and giving it to other programs. */
export function UseScreen({ id }: { id: string }) {
  const tries = useTries(id);
  const { shown, problem, takeMarks } = useRun(id, tries.take);
  const chosen = useSignal(new URLSearchParams(location.search).get("checkpoint") ?? "");
  if (problem) return <ProblemBox problem={problem} />;
  if (!shown) return <p class="faint">{texts.common.loading}</p>;
  const { run, about } = shown;
  const checkpoint = about && (about.checkpoints.find(({ name }) => name === chosen.value) ?? usualOf(about));
  return (
    <>
      <RunHead run={run} screen="use" />
      {run.state === undefined && run.problem && <ProblemBox problem={run.problem} />}
      {about && !checkpoint && <p>{words.tooFew}</p>}
      {about && checkpoint && (
        <div class="narrow">
          <Which
            about={about}
            value={checkpoint.name}
            onChange={(name) => {
              chosen.value = name;
              history.replaceState(history.state, "", `?${new URLSearchParams({ checkpoint: name })}`);
            }}
          />
          <Trying run={id} about={about} checkpoint={checkpoint} tries={tries} />
          <Export run={id} about={about} checkpoint={checkpoint} onMarks={takeMarks} />
          <Report run={id} hasReport={about.report} />
        </div>
      )}
    </>
  );
}

/** What is used when nobody has chosen: the latest step with a star, the best, or the result. */
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

function Which({ about, value, onChange }: { about: RunAbout; value: string; onChange: (name: string) => void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{words.which}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {about.checkpoints.map(({ name, step, kind }) => (
          <option key={name} value={name}>
            {words.checkpoint(kind, step, about.marks.stars.includes(step))}
          </option>
        ))}
      </select>
    </div>
  );
}
