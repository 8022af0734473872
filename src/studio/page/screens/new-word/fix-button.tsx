import type { Fix } from "../../../checking/fixes.ts";
import { attempt, notify } from "../../parts/notices.tsx";
import { newWord as newWordTexts } from "../../texts/new-word.ts";
import type { Editor } from "./draft/editor.ts";

/** Fixes a problem with one click, which can be undone. */
export function FixButton({ editor, fix }: { editor: Editor; fix: Fix }) {
  const mend = () =>
    attempt(async () => {
      const undo = editor.undo();
      await editor.mend(fix);
      const undoAll = async () => {
        for (const name of fix.without ?? []) await editor.restore(name);
        undo();
      };
      notify(newWordTexts.mendedBy(fix.label), { undo: () => attempt(undoAll) });
    });
  return (
    <button type="button" onClick={mend}>
      {fix.label}
    </button>
  );
}
