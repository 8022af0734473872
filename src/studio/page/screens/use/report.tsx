import { useSignal } from "@preact/signals";
import { ask } from "../../live/index.ts";
import { attempt, notify } from "../../parts/notices.tsx";
import { use as words } from "../../texts/use.ts";

/** The link to a run's report, or a button that makes it. */
export function Report({ run, hasReport }: { run: string; hasReport: boolean }) {
  const [isMade, isMaking] = [useSignal(false), useSignal(false)];
  const address = `/api/runs/${encodeURIComponent(run)}/report`;
  const make = async (): Promise<void> => {
    isMaking.value = true;
    isMade.value = await attempt(() => ask("POST", address));
    isMaking.value = false;
    if (isMade.value) notify(words.reportMade);
  };
  return (
    <section aria-labelledby="report">
      <h2 id="report">{words.report}</h2>
      <p class="faint">{words.reportLead}</p>
      <div class="actions">
        {hasReport || isMade.value ? (
          <a class="button" href={address} target="_blank" rel="noreferrer">
            {words.reportOpen}
          </a>
        ) : (
          <button type="button" disabled={isMaking.value} onClick={make}>
            {words.reportMake}
          </button>
        )}
        <p class="faint" role="status">
          {isMaking.value && words.reportMaking}
        </p>
      </div>
    </section>
  );
}
