import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { RunRow, TableRow } from "../../../../runs/index.ts";
import { ask } from "../../live/index.ts";
import { Chart, type ChartCurve } from "../../parts/chart.tsx";
import { lossText, numberText } from "../../parts/format.ts";
import { attempt } from "../../parts/notices.tsx";
import type { RunView } from "../../state/index.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { watch as words } from "../../texts/watch.ts";

const none = { steps: [], values: [] };

/** The numbers of the run over its steps, as charts and as a table. */
export function Curves({ row, view }: { row: RunRow; view: RunView }) {
  const isTable = useSignal(false);
  if (!view.curves.of.loss)
    return (
      <section aria-labelledby="curves">
        <h2 id="curves">{words.curves}</h2>
        <p class="faint">{words.noCurves}</p>
      </section>
    );
  return (
    <section aria-labelledby="curves">
      <div class="screen-head">
        <h2 id="curves">{words.curves}</h2>
        <button
          type="button"
          aria-expanded={isTable.value}
          onClick={() => {
            isTable.value = !isTable.value;
          }}
        >
          {isTable.value ? words.hideTable : words.table}
        </button>
      </div>
      {isTable.value && <Table row={row} />}
      <Charts view={view} />
    </section>
  );
}

function Charts({ view: { curves, evaluations, start } }: { view: RunView }) {
  const { of } = curves;
  const loss = useMemo((): ChartCurve[] => {
    const errors = new Map(evaluations.map(({ step, dropError }) => [step, dropError]));
    const { loss = none, smoothLoss = none, evaluation } = of;
    return [
      { label: words.chart.raw, ...loss, colour: "--curve-raw", width: 1, isNoisy: true, format: lossText },
      { label: words.chart.smooth, ...smoothLoss, colour: "--curve-1", width: 2, format: lossText },
      ...(evaluation
        ? [
            {
              ...{
                label: words.chart.evaluation,
                ...evaluation,
                colour: "--curve-2" as const,
                width: 2,
                format: lossText,
              },
              ...{ hasPoints: true },
              errors: evaluation.steps.map((step) => errors.get(step) ?? 0),
            },
          ]
        : []),
    ];
  }, [of, evaluations]);
  const norm = useMemo((): ChartCurve[] => {
    const { rowNorm = none } = of;
    const [first, last] = [rowNorm.steps[0] ?? 0, rowNorm.steps.at(-1) ?? 0];
    const usual = start?.usualNorm;
    return [
      { label: words.chart.yours, ...rowNorm, colour: "--curve-1", width: 2 },
      ...(usual === undefined
        ? []
        : [
            {
              ...{ label: words.chart.usual, steps: [first, last], values: [usual, usual] },
              ...{ colour: "--curve-2" as const, isDashed: true },
            },
          ]),
    ];
  }, [of, start]);
  const moved = useMemo(
    (): ChartCurve[] => [{ label: words.chart.distance, ...(of.distance ?? none), colour: "--curve-3", width: 2 }],
    [of],
  );
  const isAngle = start?.stepAngle !== undefined;
  const rate = useMemo(
    (): ChartCurve[] => [
      { label: isAngle ? words.chart.angle : words.chart.rate, ...(of.lr ?? none), colour: "--curve-2", width: 2 },
    ],
    [of, isAngle],
  );
  return (
    <div class="charts">
      <Chart label={words.chart.loss} help={words.chart.lossHelp} curves={loss} />
      <Chart label={words.chart.norm} help={words.chart.normHelp} curves={norm} />
      <Chart label={words.chart.moved} help={words.chart.movedHelp} curves={moved} />
      <Chart label={isAngle ? words.chart.angle : words.chart.rate} help={words.chart.rateHelp} curves={rate} />
    </div>
  );
}

const columns = ["step", "loss", "averageLoss", "evaluation", "rowNorm", "distance", "lr"] as const;

/** At most 200 evenly spread steps, as of now. */
function Table({ row: { id } }: { row: RunRow }) {
  const rows = useSignal<readonly TableRow[] | undefined>(undefined);
  useEffect(() => {
    attempt(async () => {
      const answer = await ask<{ rows: readonly TableRow[] }>("GET", `/api/runs/${encodeURIComponent(id)}/table`);
      rows.value = answer.rows;
    });
  }, [id]);
  if (!rows.value) return <p class="faint">{commonTexts.loading}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table-box" tabIndex={0} aria-label={words.tableLabel}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {words.columns[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.value.map((numbers) => (
            <tr key={numbers.step}>
              {columns.map((column) => (
                <td key={column}>{cellText(column, numbers[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function cellText(column: (typeof columns)[number], value: number | null): string {
  if (value === null) return "–";
  if (column === "step") return String(value);
  return /loss|evaluation/i.test(column) ? lossText(value) : numberText(value);
}
