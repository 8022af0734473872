import type { RunRow } from "../../../runs/index.ts";
import { common as commonTexts } from "../texts/common.ts";
import { isAtWork } from "./run-state.tsx";

/** The runs in reading order. */
export interface RunOrder {
  /** The run in progress. */
  readonly current: RunRow | undefined;
  /** Queued runs, the next one first. */
  readonly queue: readonly RunRow[];
  /** All others, those in progress first. */
  readonly others: readonly RunRow[];
}

/** Sorts runs. rows: newest first; wanted: text that a name, word or state must contain. */
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

/** At most `most` items, evenly spread from the first to the last. */
export function spread<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
