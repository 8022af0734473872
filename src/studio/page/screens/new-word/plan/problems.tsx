import type { Check } from "../../../../checking/check.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { FixButton } from "../fix-button.tsx";

type MendableProblem = Check["errors"][number];

/** Problems of the draft, errors first, each with its fix. */
export function Problems({
  editor,
  errors,
  warnings,
}: {
  editor: Editor;
  errors: readonly MendableProblem[];
  warnings: readonly MendableProblem[];
}) {
  return (
    <>
      <List title={words.errorsTitle} editor={editor} problems={errors} kind="error" />
      <List title={words.warningsTitle} editor={editor} problems={warnings} kind="warning-box" />
    </>
  );
}

function List({
  title,
  editor,
  problems,
  kind,
}: {
  title: string;
  editor: Editor;
  problems: readonly MendableProblem[];
  kind: string;
}) {
  if (problems.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul class="problems" aria-label={title}>
        {problems.map(({ code, message, where, hint, fix }) => (
          <li key={`${code} ${message}`} class={kind}>
            <div class="said">
              <p>
                {message} <code class="faint">{code}</code>
              </p>
              {where && !/^--\w+( \S+)?$/.test(where) && <pre>{where}</pre>}
              {hint && <p class="faint">{hint}</p>}
            </div>
            {fix && <FixButton editor={editor} fix={fix} />}
          </li>
        ))}
      </ul>
    </div>
  );
}
