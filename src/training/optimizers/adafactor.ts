import { type OptimizerArguments, readArguments } from "./arguments.ts";
import type { Slot, TableShape, UpdateRule } from "./optimizer.ts";

/** Adafactor: second moments as products of a row and a column factor, steps relative to the parameters' size.
 *  Row and column means and root mean squares run over the whole table, unused rows included. Needs no learning rate while
 *  `relative_step` is on. Source: Shazeer 2018, "Adafactor"; library transformers. */
export function adafactor(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, {
    eps: [1e-30, 1e-3],
    clip_threshold: 1,
    decay_rate: -0.8,
    beta1: Number.NaN,
    weight_decay: 0,
    scale_parameter: true,
    relative_step: true,
    warmup_init: false,
  });
  const [squareEps, smallestScale] = args.eps;
  const usesMomentum = !Number.isNaN(args.beta1);

  function stepSize(slots: readonly Slot[], count: number, learningRate: number): number {
    const relative = Math.min(args.warmup_init ? 1e-6 * count : 1e-2, 1 / Math.sqrt(count));
    const rate = args.relative_step ? relative : learningRate;
    return args.scale_parameter ? rate * Math.max(smallestScale, parameterRms(slots)) : rate;
  }

  const rule: UpdateRule<"rowSquare" | "columnSquare" | "mean", "count" | "rate"> = {
    numbers: { count: 0, rate: 0 },
    usesFrozenRows: true,
    init: ({ length }, { columns }, isFrozen) => ({
      rowSquare: new Float32Array(length / columns),
      columnSquare: new Float32Array(isFrozen ? 0 : columns),
      mean: new Float32Array(usesMomentum && !isFrozen ? length : 0),
    }),
    step(allSlots, numbers, learningRate) {
      numbers.count++;
      const kept = 1 - numbers.count ** args.decay_rate;
      for (const learned of allSlots.filter((slot) => !slot.isFrozen)) {
        const slots = allSlots.filter((slot) => slot.table === learned.table);
        const rate = stepSize(slots, numbers.count, learningRate);
        if (learned.table === 0) numbers.rate = rate;
        updateFactors(slots, learned.state.columnSquare as Float32Array, kept, squareEps);
        const updates = normalizedUpdates(slots, learned.state.columnSquare as Float32Array);
        const factor = rate / Math.max(1, tableRms(updates, learned.shape) / args.clip_threshold);
        const { parameters, state } = learned;
        for (let i = 0; i < parameters.length; i++) {
          let update = factor * updates[0]![i]!;
          if (usesMomentum) {
            state.mean[i] = args.beta1 * state.mean[i]! + (1 - args.beta1) * update;
            update = state.mean[i]!;
          }
          parameters[i] = parameters[i]! * (1 - args.weight_decay * rate) - update;
        }
      }
    },
  };
  return rule;
}

/** Exponential moving averages of the squared gradients' row and column means. */
function updateFactors(slots: readonly Slot[], columnSquare: Float32Array, kept: number, eps: number): void {
  const { columns } = slots[0]!.shape;
  const rows = rowsOf(slots[0]!.shape);
  const columnSums = new Float64Array(columns);
  for (const { gradients, state } of slots)
    for (let row = 0; row * columns < gradients.length; row++) {
      let rowSum = 0;
      for (let column = 0; column < columns; column++) {
        const square = gradients[row * columns + column]! ** 2;
        rowSum += square;
        columnSums[column]! += square;
      }
      state.rowSquare![row] = kept * state.rowSquare![row]! + (1 - kept) * (rowSum / columns + eps);
    }
  columnSums.forEach((sum, column) => {
    columnSquare[column] = kept * columnSquare[column]! + (1 - kept) * (sum / rows + eps);
  });
}

/** Gradients divided by the root of the factored second moment, slot by slot. */
function normalizedUpdates(slots: readonly Slot[], columnSquare: Float32Array): Float64Array[] {
  const { columns } = slots[0]!.shape;
  let rowSum = 0;
  for (const { state } of slots) for (const square of state.rowSquare!) rowSum += square;
  const rowMean = rowSum / rowsOf(slots[0]!.shape);
  return slots.map(({ gradients, state }) =>
    Float64Array.from(gradients, (gradient, i) => {
      const row = state.rowSquare![Math.floor(i / columns)]! / rowMean;
      return gradient / Math.sqrt(row * columnSquare[i % columns]!);
    }),
  );
}

function parameterRms(slots: readonly Slot[]): number {
  const { shape, parameters } = slots[0]!;
  const squares = parameters.reduce((sum, value) => sum + value ** 2, shape.frozenSquares ?? 0);
  return Math.sqrt(squares / (rowsOf(shape) * shape.columns));
}

/** Root mean square over the whole table; rows without a slot are 0. */
function tableRms(arrays: readonly Float64Array[], shape: TableShape): number {
  let squares = 0;
  for (const values of arrays) for (const value of values) squares += value ** 2;
  return Math.sqrt(squares / (rowsOf(shape) * shape.columns));
}

function rowsOf(shape: TableShape): number {
  return shape.totalRows ?? shape.rows;
}
