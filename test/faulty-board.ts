import fc from "fast-check";
import type { BoardEvent, CoordinatorBoard } from "../src/cluster/board/board.ts";
import type { MemoryBoard } from "../src/cluster/board/memory.ts";
import type { TurnedClock } from "./turned-clock.ts";

/** Faults of a board, in reading and in publishing. */
const boardFaults = ["drop", "delay", "double", "corrupt", "fail", "lose", "empty"] as const;

export type BoardFault = (typeof boardFaults)[number];

/** Faults, and durations in milliseconds, used in turn and repeated. */
export interface FaultPlan<Fault> {
  readonly faults: readonly (Fault | "none")[];
  readonly durations: readonly number[];
}

/** Plans with faults of boards and others; more than half of the time nothing fails. */
export function faultPlans<Fault extends string>(
  others: readonly Fault[],
  longest: number,
): { [Part in keyof FaultPlan<Fault>]: fc.Arbitrary<FaultPlan<Fault | BoardFault>[Part]> } {
  const fault = fc.oneof(
    { weight: 4, arbitrary: fc.constant("none" as const) },
    { weight: 3, arbitrary: fc.constantFrom<Fault | BoardFault>(...boardFaults, ...others) },
  );
  return {
    faults: fc.array(fault, { minLength: 1, maxLength: 60 }),
    durations: fc.array(fc.integer({ min: 1, max: longest }), { minLength: 1, maxLength: 20 }),
  };
}

/** Steps through a plan. */
export class Faults<Fault extends string> {
  readonly #plan: FaultPlan<Fault | BoardFault>;
  #fault = 0;
  #duration = 0;

  constructor(plan: FaultPlan<Fault | BoardFault>) {
    this.#plan = plan;
  }

  /** The next fault, if it is one of those possible here. */
  next<Kind extends Fault | BoardFault>(...kinds: readonly Kind[]): Kind | "none" {
    const { faults } = this.#plan;
    const found = faults[this.#fault++ % faults.length];
    return kinds.find((kind) => kind === found) ?? "none";
  }

  duration(): number {
    const { durations } = this.#plan;
    return durations[this.#duration++ % durations.length]!;
  }
}

/** A coordinator's board with planned faults. kept: the jobs that remain when some are lost. */
export function faultyBoard<Fault extends string>(
  real: CoordinatorBoard,
  memory: MemoryBoard,
  clock: TurnedClock,
  faults: Faults<Fault>,
  kept: <Job>(jobs: readonly Job[]) => readonly Job[],
): CoordinatorBoard {
  return {
    ...real,
    listen: (listener) =>
      real.listen((event) => {
        const how = faults.next("drop", "delay", "double", "corrupt");
        if (how === "drop") return;
        if (how === "delay") clock.after(faults.duration() * 5, () => listener(event));
        else listener(how === "corrupt" ? corrupted(event) : event);
        if (how === "double") listener(event);
      }),
    publish: async (jobs, first) => {
      const how = faults.next("lose", "empty", "fail");
      if (how === "fail") throw new Error("out of reach");
      await real.publish(how === "lose" ? kept(jobs) : jobs, first);
      if (how === "empty") memory.empty();
    },
  };
}

function corrupted(event: BoardEvent): BoardEvent {
  if (event.kind !== "answered") return event;
  const at = event.body.length >> 1;
  return { ...event, body: `${event.body.slice(0, at)}!${event.body.slice(at + 1)}` };
}
