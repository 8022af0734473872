import type { RunRow } from "../../../runs/index.ts";
import { common as commonTexts } from "../texts/common.ts";
import { isAtWork } from "./run-state.tsx";

/** The list of runs as people read it. */
export interface RunOrder {
  /** What this machine is at. */
  readonly current: RunRow | undefined;
  /** Those that wait, the next one first. */
  readonly queue: readonly RunRow[];
  /** All others, those under way first. */
  readonly others: readonly RunRow[];
}

/** Sorts runs, which come newest first. wanted: what a name, a word or a state has to contain. */
export function orderOf(rows: readonly RunRow[], wanted = ""): RunOrder {
  const queue = rows.filter(({ state }) => state === "queued").sort((a, b) => (a.turn ?? 0) - (b.turn ?? 0));
  const others = rows.filter((run) => run.state !== "queued" && fits(run, wanted));
  const working = others.filter(({ state }) => isAtWork(state));
  return {
    current: rows.find(({ state }) => isAtWork(state)),
    queue,
    others: [...working, ...others.filter((run) => !working.includes(run))],
  };
}

function fits({ name, word, state }: RunRow, wanted: string): boolean {
  const text = `${name} ${word ?? ""} ${commonTexts.state[state ?? "unreadable"]}`;
  return text.toLowerCase().includes(wanted.trim().toLowerCase());
}

/** At most so many of some items, spread evenly from the first to the last. */
export function spread<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
