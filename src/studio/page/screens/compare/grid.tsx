import { useRef } from "preact/hooks";
import { fileAddress } from "../../live/index.ts";
import { compare as words } from "../../texts/compare.ts";
import type { Cell, CellView } from "../../tries/index.ts";
import type { Choice, Position, Row } from "./choice.ts";

/** The contents and actions of a table of pictures. */
export interface Table {
  readonly run: string;
  readonly columns: readonly Position[];
  readonly choice: Choice;
  readonly labelOf: (position: Position) => string;
  readonly rowsOf: (prompt: string) => readonly Row[];
  readonly viewOf: (cell: Cell, row: Row) => CellView;
  readonly onChoose: (key: string) => void;
  /** Called when a picture is pressed. */
  readonly onOpen: (cell: Cell, row: Row) => void;
  readonly onDraw: (cell: Cell) => void;
}

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** The pictures of one prompt: a row for each seed, a column for each step. Arrow keys move from picture to picture. */
export function Grid({ prompt, table }: { prompt: string; table: Table }) {
  const { columns, choice, labelOf } = table;
  const element = useRef<HTMLTableElement>(null);
  const move = (event: KeyboardEvent): void => {
    const [down, right] = moves[event.key] ?? [0, 0];
    const from = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-at]") : null;
    const [row, column] = (from?.dataset.at ?? "").split(",").map(Number);
    if ((down === 0 && right === 0) || row === undefined || column === undefined) return;
    const to = element.current?.querySelector<HTMLElement>(`[data-at="${row + down},${column + right}"]`);
    event.preventDefault();
    to?.focus();
  };
  return (
    <div class="scroll">
      <table
        class="comparison"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrow keys move in it
        role="grid"
        aria-label={words.grid(prompt)}
        ref={element}
        onKeyDown={move}
        style={{ "--columns": columns.length }}
      >
        <thead>
          <tr>
            <td />
            {columns.map((position, i) => (
              <ColumnHead key={position.key} position={position} number={i + 1} table={table} />
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rowsOf(prompt).map((row, i) => (
            <tr key={`${row.isOfRun} ${row.seed}`}>
              <th scope="row">
                {words.seed(row.seed)}
                {row.isOfRun && <span class="of-run"> {words.ofRun}</span>}
              </th>
              {columns.map((position, column) => (
                <td key={position.key} class={position.key === choice.at ? "chosen" : undefined}>
                  <Picture
                    cell={{ checkpoint: position.key, prompt, seed: row.seed }}
                    row={row}
                    label={labelOf(position)}
                    at={`${i},${column}`}
                    isEntry={i === 0 && position.key === choice.at}
                    table={table}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The head of a column; pressing it chooses the column. number: the key that does the same. */
function ColumnHead({ position, number, table }: { position: Position; number: number; table: Table }) {
  const { choice, labelOf, onChoose } = table;
  const isChosen = position.key === choice.at;
  return (
    <th scope="col" class={isChosen ? "chosen" : undefined}>
      <button type="button" class="quiet" aria-pressed={isChosen} onClick={() => onChoose(position.key)}>
        {number <= 9 && (
          <span class="key" aria-hidden="true">
            {number}
          </span>
        )}
        {labelOf(position)}
      </button>
    </th>
  );
}

/** isEntry: whether Tab enters the grid here. */
function Picture({
  cell,
  row,
  label,
  at,
  isEntry,
  table: { run, viewOf, onOpen, onDraw, choice },
}: {
  cell: Cell;
  row: Row;
  label: string;
  at: string;
  isEntry: boolean;
  table: Table;
}) {
  const view = viewOf(cell, row);
  const { prompt, seed } = cell;
  const frame = { "data-at": at, tabIndex: isEntry ? 0 : -1 };
  const shape = { aspectRatio: `${choice.width} / ${choice.height}` };
  if (view.state === "done")
    return (
      <button type="button" class="picture" {...frame} onClick={() => onOpen(cell, row)}>
        <img
          loading="lazy"
          style={shape}
          src={fileAddress(run, view.kind, view.name, { isThumb: true })}
          alt={words.alt(prompt, label, seed)}
        />
      </button>
    );
  const { state } = view;
  if (state === "waiting" || state === "drawing" || state === "none") {
    const said = { waiting: words.waiting, drawing: words.drawingOne, none: "–" }[state];
    return (
      <button
        type="button"
        class={state === "none" ? "picture empty" : `picture empty ${state}`}
        {...frame}
        style={shape}
        aria-disabled="true"
        aria-label={state === "none" ? words.noneAlt(prompt, label, seed) : words.pendingAlt(said, prompt, label, seed)}
      >
        {said}
      </button>
    );
  }
  const isFailed = view.state === "failed";
  return (
    <button
      type="button"
      class={`picture empty ${view.state}`}
      {...frame}
      style={shape}
      title={isFailed ? view.problem?.message : undefined}
      aria-label={(isFailed ? words.failedAlt : words.missingAlt)(prompt, label, seed)}
      onClick={() => onDraw(cell)}
    >
      {isFailed ? words.failed : words.missing}
    </button>
  );
}
