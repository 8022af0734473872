import { computed, signal } from "@preact/signals";
import type { RunRow } from "../../../runs/index.ts";
import type { ShortDisk } from "../../disk/room.ts";
import type { Problem } from "../../http/problems.ts";
import { ask, problemIn, useCsrf } from "./api.ts";

/** The studio's answer about itself. */
interface StudioState {
  readonly version: string;
  readonly csrf: string;
  readonly roots: readonly { readonly id: string; readonly path: string }[];
}

/** Undefined until the studio has answered; a problem if it refuses. */
export const studio = signal<StudioState | { readonly problem: Problem } | undefined>(undefined);

/** Free space on the disk, while it is too little. */
export const disk = signal<ShortDisk | null>(null);

/** All runs by id; undefined until they are known. */
const known = signal<ReadonlyMap<string, RunRow> | undefined>(undefined);

/** Ids of runs that have gone while this page was open: discarded, moved or renamed. */
export const gone = signal<ReadonlySet<string>>(new Set());

/** The rows of all runs, the newest first; undefined until they are known. */
export const rows = computed(() => known.value && [...known.value.values()].sort(newestFirst));

function newestFirst(a: RunRow, b: RunRow): number {
  return (b.made ?? b.id).localeCompare(a.made ?? a.id);
}

/** Reads what every screen needs. */
export async function meetStudio(): Promise<void> {
  try {
    const state = await ask<StudioState>("GET", "/api/state");
    useCsrf(state.csrf);
    studio.value = state;
    await readRows();
  } catch (error) {
    studio.value = { problem: problemIn(error) };
  }
}

/** Reads all rows again, which also reveals those that have gone. */
export async function readRows(): Promise<void> {
  const { runs } = await ask<{ runs: readonly RunRow[] }>("GET", "/api/runs");
  takeRows(new Map(runs.map((row) => [row.id, row])));
}

/** Takes a row from a message. */
export function takeRow(row: RunRow): void {
  takeRows(new Map(known.value ?? []).set(row.id, row));
}

/** Drops a run whose folder has gone. */
export function dropRow(id: string): void {
  takeRows(new Map([...(known.value ?? [])].filter(([one]) => one !== id)));
}

function takeRows(now: ReadonlyMap<string, RunRow>): void {
  const missing = [...gone.value, ...(known.value?.keys() ?? [])].filter((id) => !now.has(id));
  if (missing.length > 0 || gone.value.size > 0) gone.value = new Set(missing);
  known.value = now;
}
