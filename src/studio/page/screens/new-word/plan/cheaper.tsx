import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Alternative, Check } from "../../../../checking/check.ts";
import { ask } from "../../../live/index.ts";
import { bytesText, durationText } from "../../../parts/format.ts";
import { attempt } from "../../../parts/notices.tsx";
import { newWord as newWordTexts } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { FixButton } from "../fix-button.tsx";

const words = newWordTexts.cheaper;

interface Found {
  readonly of: Check;
  readonly alternatives: readonly Alternative[];
}

/** Changes that would take much less than the plan, each with one click. Computed when opened. */
export function Cheaper({ editor }: { editor: Editor }) {
  const isOpen = useSignal(false);
  const found = useSignal<Found | undefined>(undefined);
  const check = editor.check.value;
  const isWanted = isOpen.value && check?.run !== undefined;
  useEffect(() => {
    if (!isWanted) return;
    attempt(async () => {
      const path = `/api/drafts/${editor.id}/alternatives`;
      const { alternatives } = await ask<Pick<Found, "alternatives">>("POST", path);
      if (editor.check.value === check) found.value = { of: check, alternatives };
    });
  }, [check, isWanted]);
  // results for an earlier plan would be wrong
  const known = found.value?.of === check ? found.value : undefined;
  return (
    <details
      class="cheaper"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{words.title}</summary>
      <div role="status">
        {!known && <p class="faint">{words.looking}</p>}
        {known?.alternatives.length === 0 && <p class="faint">{words.none}</p>}
      </div>
      <ul aria-label={words.title}>
        {known?.alternatives.map(({ fix, seconds, peakBytes }) => (
          <li key={fix.label} class="row">
            <FixButton editor={editor} fix={fix} />
            <span class="faint">{words.takes(durationText(seconds), bytesText(peakBytes))}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
