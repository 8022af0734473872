/** A token table: its learned rows, and statistics of the rest. */
export interface TableShape {
  /** Learned rows. */
  readonly rows: number;
  readonly columns: number;
  /** Rows of the whole table, learned ones included (default: no others). */
  readonly totalRows?: number;
  /** Sum of squares over all other rows (default 0). Only Adafactor uses it. */
  readonly frozenSquares?: number;
}

/** Gradients of used rows that are not learned: a map from row number to gradient for each table. */
type FrozenGradients = readonly ReadonlyMap<number, Float32Array>[];

export type StateArray = Float32Array | Uint8Array;

/** The complete state of an optimizer, flat for a file. */
export interface OptimizerState {
  readonly numbers: Readonly<Record<string, number>>;
  readonly arrays: Readonly<Record<string, StateArray>>;
}

/** Updates the learned rows of token tables. parameters and gradients: one array per table, its learned rows one after another. */
export interface Optimizer {
  /** Whether `frozen` matters: the optimizer's statistics run over the whole table. */
  readonly usesFrozenRows: boolean;
  /** Updates parameters in place. Every learned row moves, even if its gradient is 0. */
  step(
    parameters: readonly Float32Array[],
    gradients: readonly Float32Array[],
    learningRate: number,
    frozen?: FrozenGradients,
  ): void;
  /** Numbers it keeps, by name: `d` (distance estimate), `rate` (Adafactor's step size of the first table), ... */
  readonly numbers: Readonly<Record<string, number>>;
  state(): OptimizerState;
  restore(state: OptimizerState): void;
  /** Averaged weights to save and sample with; missing if the parameters themselves are used. */
  evaluationParameters?(parameters: readonly Float32Array[]): Float32Array[];
}

/** The learned rows of a table, or one of its frozen rows, as an update rule sees them. */
export interface Slot<Arrays extends string = string> {
  /** Number of the table. */
  readonly table: number;
  readonly shape: TableShape;
  readonly isFrozen: boolean;
  /** Updated in place. Zeros for a frozen row, and not read afterwards. */
  readonly parameters: Float32Array;
  readonly gradients: Float32Array;
  readonly state: Readonly<Record<Arrays, StateArray>>;
}

/** The mathematics of one optimizer. */
export interface UpdateRule<Arrays extends string = string, Numbers extends string = string> {
  /** Initial values of its numbers. */
  readonly numbers: Readonly<Record<Numbers, number>>;
  /** Whether it needs a slot for each frozen row. */
  readonly usesFrozenRows?: boolean;
  /** State before the first step, from the initial parameters. */
  init(parameters: Float32Array, shape: TableShape, isFrozen: boolean): Record<Arrays, StateArray>;
  step(slots: readonly Slot<Arrays>[], numbers: Record<Numbers, number>, learningRate: number): void;
  averaged?(parameters: Float32Array, state: Readonly<Record<Arrays, StateArray>>): Float32Array;
}

/** State initialised to zeros. */
export function zeros<Arrays extends string>(...names: readonly Arrays[]): UpdateRule<Arrays>["init"] {
  return ({ length }) =>
    Object.fromEntries(names.map((name) => [name, new Float32Array(length)])) as Record<Arrays, Float32Array>;
}

type State = Record<string, StateArray>;

/** An optimizer of these tables by an update rule. */
export function optimizerOf(rule: UpdateRule, tables: readonly TableShape[]): Optimizer {
  const learned: (State | undefined)[] = tables.map(() => undefined);
  const frozen = tables.map(() => new Map<number, State>());
  const numbers: Record<string, number> = { ...rule.numbers };

  function learnedSlots(parameters: readonly Float32Array[], gradients: readonly Float32Array[]): Slot[] {
    return tables.map((shape, table) => {
      const [values, gradient] = [parameters[table]!, gradients[table]!];
      learned[table] ??= rule.init(values, shape, false);
      return { table, shape, isFrozen: false, parameters: values, gradients: gradient, state: learned[table] };
    });
  }

  function frozenSlots(gradients: FrozenGradients): Slot[] {
    return tables.flatMap((shape, table) => {
      const given = gradients[table] ?? new Map<number, Float32Array>();
      const states = frozen[table]!;
      const zeros = () => new Float32Array(shape.columns);
      for (const row of given.keys()) if (!states.has(row)) states.set(row, rule.init(zeros(), shape, true));
      return [...states].map(([row, state]) => {
        return { table, shape, isFrozen: true, parameters: zeros(), gradients: given.get(row) ?? zeros(), state };
      });
    });
  }

  return {
    usesFrozenRows: rule.usesFrozenRows ?? false,
    numbers,
    step(parameters, gradients, learningRate, frozenGradients = []) {
      const others = rule.usesFrozenRows ? frozenSlots(frozenGradients) : [];
      rule.step([...learnedSlots(parameters, gradients), ...others], numbers, learningRate);
    },
    state: () => ({ numbers: { ...numbers }, arrays: flatten(learned, frozen) }),
    restore(state) {
      Object.assign(numbers, state.numbers);
      learned.fill(undefined);
      for (const rows of frozen) rows.clear();
      unflatten(state.arrays, learned, frozen);
    },
    ...(rule.averaged && {
      evaluationParameters: (parameters: readonly Float32Array[]) =>
        parameters.map((values, table) => {
          const state = learned[table];
          return state ? rule.averaged!(values, state) : values.slice();
        }),
    }),
  };
}

/** Keys: TABLE/learned/NAME and TABLE/ROW/NAME. */
function flatten(
  learned: readonly (State | undefined)[],
  frozen: readonly Map<number, State>[],
): Record<string, StateArray> {
  const arrays: Record<string, StateArray> = {};
  const add = (prefix: string, state: State) => {
    for (const [name, values] of Object.entries(state)) arrays[`${prefix}/${name}`] = values.slice();
  };
  learned.forEach((state, table) => {
    if (state) add(`${table}/learned`, state);
    for (const [row, rowState] of frozen[table]!) add(`${table}/${row}`, rowState);
  });
  return arrays;
}

function unflatten(
  arrays: OptimizerState["arrays"],
  learned: (State | undefined)[],
  frozen: readonly Map<number, State>[],
): void {
  for (const [key, values] of Object.entries(arrays)) {
    const [table, owner, name] = key.split("/") as [string, string, string];
    let state: State;
    if (owner === "learned") {
      state = learned[Number(table)] ?? {};
      learned[Number(table)] = state;
    } else {
      const rows = frozen[Number(table)]!;
      state = rows.get(Number(owner)) ?? {};
      rows.set(Number(owner), state);
    }
    state[name] = values.slice();
  }
}
