import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { fileAddress } from "../../live/index.ts";
import { compare as words } from "../../texts/compare.ts";
import type { Cell } from "../../tries/index.ts";
import type { Position, Row } from "./choice.ts";
import type { Table } from "./grid.tsx";
import { type Side, Wipe } from "./wipe.tsx";

/** The picture shown large. */
export interface Shown extends Row {
  readonly prompt: string;
}

/** A large picture: another state of the word on the left, the slider's on the right. */
export function WipeView({
  table,
  positions,
  chosen,
  shown,
  onShow,
}: {
  table: Table;
  positions: readonly Position[];
  chosen: Position;
  shown: Shown;
  onShow: (shown: Shown) => void;
}) {
  const other = useSignal("start");
  const left = positions.find(({ key }) => key === other.value) ?? positions[0]!;
  const { run, choice, labelOf, viewOf } = table;
  const rows = table.rowsOf(shown.prompt);
  const cellOf = ({ key: checkpoint }: Position): Cell => ({ checkpoint, prompt: shown.prompt, seed: shown.seed });
  const sideOf = (position: Position): Side | undefined => {
    const view = viewOf(cellOf(position), shown);
    if (view.state !== "done") return undefined;
    const label = labelOf(position);
    return { label, source: fileAddress(run, view.kind, view.name), alt: words.alt(shown.prompt, label, shown.seed) };
  };
  const [a, b] = [sideOf(left), sideOf(chosen)];
  return (
    <section aria-label={words.viewWipe}>
      <div class="fields">
        <Select
          label={words.left}
          value={left.key}
          options={positions.map((one) => [one.key, labelOf(one)])}
          onChange={(key) => {
            other.value = key;
          }}
        />
        <Select
          label={words.right}
          value={chosen.key}
          options={positions.map((one) => [one.key, labelOf(one)])}
          onChange={table.onChoose}
        />
        <Select
          label={words.promptShown}
          value={shown.prompt}
          options={choice.prompts.map((prompt) => [prompt, prompt])}
          onChange={(prompt) => onShow({ prompt, ...table.rowsOf(prompt)[0]! })}
        />
        <Select
          label={words.seedShown}
          value={words.seedOption(shown.seed, shown.isOfRun)}
          options={rows.map(({ seed, isOfRun }) => [words.seedOption(seed, isOfRun), words.seedOption(seed, isOfRun)])}
          onChange={(name) =>
            onShow({ ...shown, ...rows.find(({ seed, isOfRun }) => words.seedOption(seed, isOfRun) === name)! })
          }
        />
      </div>
      {left === chosen && <p class="faint">{words.wipeSame}</p>}
      {a && b && left !== chosen && <Wipe left={a} right={b} />}
      {left !== chosen &&
        [left, chosen].map((position) => (
          <Missing
            key={position.key}
            cell={cellOf(position)}
            label={labelOf(position)}
            state={viewOf(cellOf(position), shown).state}
            onDraw={table.onDraw}
          />
        ))}
    </section>
  );
}

/** Placeholder of a side that is not drawn. */
function Missing({
  cell,
  label,
  state,
  onDraw,
}: {
  cell: Cell;
  label: string;
  state: ReturnType<Table["viewOf"]>["state"];
  onDraw: Table["onDraw"];
}) {
  const { prompt, seed } = cell;
  if (state === "done") return null;
  if (state === "none") return <p>{words.noneAlt(prompt, label, seed)}</p>;
  if (state === "waiting" || state === "drawing") {
    const said = state === "waiting" ? words.waiting : words.drawingOne;
    return <p role="status">{words.pendingAlt(said, prompt, label, seed)}</p>;
  }
  return (
    <div class="actions">
      <button type="button" class="primary" onClick={() => onDraw(cell)}>
        {(state === "failed" ? words.failedAlt : words.missingAlt)(prompt, label, seed)}
      </button>
    </div>
  );
}

function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
