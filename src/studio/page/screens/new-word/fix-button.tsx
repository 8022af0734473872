import type { Fix } from "../../../checking/fixes.ts";
import { attempt, notify } from "../../parts/notices.tsx";
import { texts } from "../../texts/index.ts";
import type { Editor } from "./draft/editor.ts";

/** Mends a problem in one click; what it changed can be undone. */
export function FixButton({ editor, fix }: { editor: Editor; fix: Fix }) {
  const mend = () =>
    attempt(async () => {
      const [fields, pictures] = [editor.fields.value, editor.pictures.value];
      await editor.mend(fix);
      const captions = Object.fromEntries(pictures.map(({ name, caption }) => [name, caption]));
      const undo = async () => {
        for (const name of fix.without ?? []) await editor.restore(name);
        editor.change(fields, captions);
      };
      notify(texts.newWord.mendedBy(fix.label), { undo: () => attempt(undo) });
    });
  return (
    <button type="button" onClick={mend}>
      {fix.label}
    </button>
  );
}
