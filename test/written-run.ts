import { appendFileSync } from "node:fs";
import path from "node:path";
import { makeRunFolder, newRecord, type RunPlaces, writeRecord } from "../src/runs/index.ts";

/** A run whose journal the test writes. */
export interface WrittenRun {
  readonly id: string;
  readonly places: RunPlaces;
  /** Appends an event; returns its number. */
  readonly write: (kind: string, more?: object) => number;
}

/** Makes the folder of a run on which no process works. root: the folder of all runs. */
export async function writtenRun(root: string, name: string): Promise<WrittenRun> {
  const places = makeRunFolder(root, name);
  const id = path.basename(places.folder);
  await writeRecord(places, newRecord({ id, name, word: name, wanted: "run", version: "1.2.3" }));
  let seq = 0;
  const write = (kind: string, more: object = {}): number => {
    appendFileSync(places.journal, `${JSON.stringify({ seq: ++seq, time: Date.now(), kind, ...more })}\n`);
    return seq;
  };
  return { id, places, write };
}
