import { signal } from "@preact/signals";
import type { Problem } from "../../http/problems.ts";
import { problemIn } from "../live/index.ts";
import { common as commonTexts } from "../texts/common.ts";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isProblem: boolean;
  readonly undo: (() => void) | undefined;
}

const notices = signal<readonly Notice[]>([]);
let next = 1;
/** How long a notice is shown, in milliseconds; longer with undo or a problem, which take time to read and decide. */
const [shownMs, undoMs] = [6000, 15_000];
/** Most notices shown at once. */
const mostNotices = 3;

function drop(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Shows a notice at the edge of the page. undo: reverts what was done. */
export function notify(
  text: string,
  { undo, isProblem = false }: { undo?: () => void; isProblem?: boolean } = {},
): void {
  const id = next++;
  // more would cover the next button to press
  notices.value = [...notices.value.slice(1 - mostNotices), { id, text, isProblem, undo }];
  setTimeout(() => drop(id), undo || isProblem ? undoMs : shownMs);
}

/** Does work and shows a failure as a notice; returns whether it succeeded. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const { message, hint } = problemIn(error);
    notify(hint ? `${message} ${hint}` : message, { isProblem: true });
    return false;
  }
}

/** The current notices; screen readers speak new ones. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, isProblem, undo }) => (
        <div key={id} class={isProblem ? "notice problem" : "notice"}>
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                drop(id);
                undo();
              }}
            >
              {commonTexts.undo}
            </button>
          )}
          <button type="button" class="quiet" aria-label={commonTexts.close} onClick={() => drop(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

/** A problem with the texts of the command line: what happened, where, what to do. isAlert: whether screen readers speak it at once; not for old problems. */
export function ProblemBox({
  problem,
  isAlert = true,
  children,
}: {
  problem: Problem;
  isAlert?: boolean;
  children?: preact.ComponentChildren;
}) {
  return (
    <div class="problem-box" {...(isAlert && { role: "alert" })}>
      <p>
        <strong>{problem.message}</strong> <code class="faint">{problem.code}</code>
      </p>
      {problem.where && <p class="faint">{problem.where}</p>}
      {problem.hint && <p>{problem.hint}</p>}
      {children}
    </div>
  );
}
