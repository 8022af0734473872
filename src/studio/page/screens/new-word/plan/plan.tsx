import { useSignal } from "@preact/signals";
import type { RunRow } from "../../../../../runs/index.ts";
import type { Check } from "../../../../checking/check.ts";
import type { Problem } from "../../../../http/problems.ts";
import { ask, problemIn } from "../../../live/index.ts";
import { Dialog } from "../../../parts/dialog.tsx";
import { bytesText, durationText } from "../../../parts/format.ts";
import { attempt, notify, ProblemBox } from "../../../parts/notices.tsx";
import { go, runAddress } from "../../../route.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import { isDownloadedFirst, shownErrors, whyNotStart } from "../draft/blockers.ts";
import type { Editor } from "../draft/editor.ts";
import type { Fields } from "../draft/fields.ts";
import { Part } from "../part.tsx";
import { Cheaper } from "./cheaper.tsx";
import { Problems } from "./problems.tsx";
import { RecipeFields } from "./recipe-fields.tsx";
import { Settings } from "./settings.tsx";

/** The recipe, its cost, problems, and the start. */
export function Plan({ editor }: { editor: Editor }) {
  const { isUnderWay, problem } = editor.checking.value;
  const check = editor.check.value;
  const fields = editor.fields.value;
  const errors = shownErrors(check);
  const warnings = check?.warnings ?? [];
  // the model's name is still being typed
  const isHubOpen = fields.model !== null && "hub" in fields.model && fields.model.hub === "";
  return (
    <Part name="plan" number={4} title={words.planTitle}>
      <RecipeFields editor={editor} />
      <Settings editor={editor} />
      <div class="plan">
        <PlanLine check={check} settings={fields.settings} isMended={errors.length === 0} isUnderWay={isUnderWay} />
        {check?.run && check.errors.length === 0 && <Cheaper editor={editor} />}
        <p class="spoken" role="status">
          {isUnderWay || !check ? words.checking : words.problems(errors.length, warnings.length)}
        </p>
        {problem && !isHubOpen && (
          <ProblemBox problem={problem}>
            <button type="button" onClick={() => editor.checkSoon(0)}>
              {words.tryAgain}
            </button>
          </ProblemBox>
        )}
        <Problems editor={editor} errors={errors} warnings={warnings} />
        <StartRow editor={editor} />
      </div>
    </Part>
  );
}

/** "500 steps × 4 · about 14 min · 3.1 GB of 12 GB · stops by itself when learned" */
function PlanLine({
  check,
  settings,
  isMended,
  isUnderWay,
}: {
  check: Check | undefined;
  settings: Fields["settings"];
  isMended: boolean;
  isUnderWay: boolean;
}) {
  const run = check?.run;
  if (isDownloadedFirst(check)) return <p class="faint">{words.planDownload}</p>;
  if (!run && isMended && isUnderWay) return <p class="faint">{words.planComing}</p>;
  if (!run) return <p class="faint">{isMended ? words.planUnknown : words.planAfter}</p>;
  const { steps, batchSize, accumulationSteps, expectedImages, expectedSeconds } = run;
  const { expectedPeakBytes, availableBytes, device } = run;
  const line = words.planLine;
  const parts = [
    line.steps(steps, batchSize * accumulationSteps),
    ...(expectedImages > 0 ? [line.drawn(expectedImages)] : []),
    line.time(durationText(expectedSeconds)),
    line.memory(bytesText(expectedPeakBytes), availableBytes === undefined ? undefined : bytesText(availableBytes)),
    line.device(words.devices[device] ?? device),
    ...(settings.early_stop === true ? [line.early] : []),
  ];
  return (
    <div>
      <p class="plan-line">
        {parts.map((part) => (
          <span key={part} class="part-of">
            {part}
          </span>
        ))}
      </p>
      {run.recipe && (
        <p class="faint">{words.recipeChosen(recipeName(run.recipe.name), run.recipe.reason?.split(";")[0])}</p>
      )}
      {run.template && <p class="faint">{words.captionsFromTemplate(run.template)}</p>}
    </div>
  );
}

function recipeName(name: string): string {
  return words.recipes[name] ?? name;
}

function StartRow({ editor }: { editor: Editor }) {
  const isStarting = useSignal(false);
  const refusal = useSignal<Problem | undefined>(undefined);
  const command = useSignal<string | undefined>(undefined);
  const why = whyNotStart({
    fields: editor.fields.value,
    pictures: editor.pictures.value.length,
    // read here, so that this renders again when it changes
    coming: editor.uploads.list.value.filter(({ state }) => state !== "refused").length,
    facts: editor.facts.value,
    check: editor.check.value,
    isUnchecked: editor.checking.value.problem !== undefined,
    isConflict: editor.conflict.value !== undefined,
  });
  const start = async () => {
    if (why !== undefined || isStarting.value) return;
    isStarting.value = true;
    refusal.value = undefined;
    try {
      await editor.flush();
      const { run } = await ask<{ run: RunRow }>("POST", "/api/runs", {
        body: { draft: editor.id, draftRevision: editor.revision },
      });
      go(runAddress(run.id));
    } catch (error) {
      refusal.value = problemIn(error);
      if (refusal.value.code === "DRAFT_CHANGED") await editor.look().catch(() => {});
      isStarting.value = false;
    }
  };
  const copy = () =>
    attempt(async () => {
      await editor.flush();
      const answer = await ask<{ command: string }>("GET", `/api/drafts/${editor.id}/command`);
      try {
        await navigator.clipboard.writeText(answer.command);
        notify(words.commandCopied);
      } catch {
        // the browser refused access to the clipboard
        command.value = answer.command;
      }
    });
  return (
    <>
      {refusal.value && <ProblemBox problem={refusal.value} />}
      <div class="start-row">
        <button
          type="button"
          class="primary"
          aria-disabled={why !== undefined}
          aria-describedby="why-not"
          onClick={start}
        >
          {isStarting.value ? words.starting : words.start}
        </button>
        <button type="button" onClick={copy}>
          {words.copyCommand}
        </button>
        <span id="why-not" class="warning" aria-live="polite">
          {why}
        </span>
      </div>
      {command.value !== undefined && (
        <Dialog
          title={words.commandTitle}
          onClose={() => {
            command.value = undefined;
          }}
        >
          <p>{words.commandHelp}</p>
          <pre class="command">{command.value}</pre>
        </Dialog>
      )}
    </>
  );
}
