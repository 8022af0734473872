import type { Problem } from "../../../http/problems.ts";
import { ProblemBox } from "../../parts/notices.tsx";
import { compare as words } from "../../texts/compare.ts";
import type { Cell, CellView } from "../../tries/index.ts";

/** Most pictures offered to draw at once for all steps; more, which may take days, are drawn column by column. */
const mostAtOnce = 100;

/** Draws the missing pictures of the columns or of all steps; shows the expected time and the progress. */
export function DrawButtons({
  cells,
  allCells,
  viewOf,
  reason,
  timeOf,
  onDraw,
  onCancel,
}: {
  /** Of the columns shown. */
  cells: readonly Cell[];
  /** Of all positions of the slider. */
  allCells: readonly Cell[];
  viewOf: (cell: Cell) => CellView;
  /** Why pictures wait. */
  reason: string | undefined;
  timeOf: (pictures: number) => string | undefined;
  onDraw: (cells: readonly Cell[]) => void;
  onCancel: () => void;
}) {
  const areOf = (some: readonly Cell[], states: readonly CellView["state"][]) =>
    some.filter((cell) => states.includes(viewOf(cell).state));
  const missing = areOf(cells, ["missing", "failed"]);
  const allMissing = areOf(allCells, ["missing", "failed"]);
  const pending = areOf(allCells, ["waiting", "drawing"]).length;
  return (
    <div class="actions">
      {missing.length > 0 && (
        <button type="button" class="primary" onClick={() => onDraw(missing)}>
          {words.draw(missing.length, timeOf(missing.length))}
        </button>
      )}
      {allMissing.length > missing.length && allMissing.length <= mostAtOnce && (
        <button type="button" class="quiet" onClick={() => onDraw(allMissing)}>
          {words.drawAll(allMissing.length, timeOf(allMissing.length))}
        </button>
      )}
      {pending > 0 && (
        <button type="button" class="quiet" onClick={onCancel}>
          {words.cancel}
        </button>
      )}
      <p class="faint" role="status">
        {pending > 0 ? (reason ?? words.drawing(pending, timeOf(pending))) : missing.length === 0 ? words.complete : ""}
      </p>
    </div>
  );
}

/** Why pictures could not be drawn; cells have no room for it. */
export function Failures({ cells, viewOf }: { cells: readonly Cell[]; viewOf: (cell: Cell) => CellView }) {
  const counts = new Map<string, { readonly problem: Problem; readonly count: number }>();
  for (const view of cells.map(viewOf)) {
    const problem = view.state === "failed" ? view.problem : undefined;
    if (!problem) continue;
    const { count = 0 } = counts.get(problem.message) ?? {};
    counts.set(problem.message, { problem, count: count + 1 });
  }
  return (
    <>
      {[...counts.values()].map(({ problem, count }) => (
        <ProblemBox key={problem.message} problem={problem}>
          <p>{words.failedHelp(count)}</p>
        </ProblemBox>
      ))}
    </>
  );
}
