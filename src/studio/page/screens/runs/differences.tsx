import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunRow } from "../../../../runs/index.ts";
import type { Problem } from "../../../http/problems.ts";
import { ask, problemIn } from "../../live/index.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ProblemBox } from "../../parts/notices.tsx";
import { common as commonTexts } from "../../texts/common.ts";
import { runs as words } from "../../texts/runs.ts";

interface Difference {
  readonly flag: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

/** The settings in which two runs differ. */
export function Differences({ a, b, onClose }: { a: RunRow; b: RunRow; onClose: () => void }) {
  const found = useSignal<readonly Difference[] | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  useEffect(() => {
    const address = `/api/runs/${encodeURIComponent(a.id)}/settings.diff/${encodeURIComponent(b.id)}`;
    ask<{ differences: readonly Difference[] }>("GET", address).then(
      ({ differences }) => {
        found.value = differences;
      },
      (error) => {
        problem.value = problemIn(error);
      },
    );
  }, [a.id, b.id, found, problem]);
  return (
    <Dialog title={words.differences(a.name, b.name)} onClose={onClose}>
      {problem.value && <ProblemBox problem={problem.value} />}
      {!found.value && !problem.value && <p class="faint">{commonTexts.loading}</p>}
      {found.value?.length === 0 && <p>{words.same}</p>}
      {found.value && found.value.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="scroll" aria-label={words.differences(a.name, b.name)} tabIndex={0}>
          <table class="differences">
            <thead>
              <tr>
                <th scope="col">{words.setting}</th>
                <th scope="col">{a.name}</th>
                <th scope="col">{b.name}</th>
              </tr>
            </thead>
            <tbody>
              {found.value.map((one) => (
                <tr key={one.flag}>
                  <th scope="row">
                    <code>{one.flag}</code>
                  </th>
                  <td>{valueText(one.a)}</td>
                  <td>{valueText(one.b)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Dialog>
  );
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return words.notSet;
  if (Array.isArray(value)) return value.map(String).join(" ");
  return String(value);
}
