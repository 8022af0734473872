import os from "node:os";
import { z } from "zod";
import { CoinageError } from "../errors/index.ts";
import { bootId, readRegularTextFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";
import { inTurn } from "./in-turn.ts";

/** Raised when a folder changes so that earlier versions of this program would harm or misread it. */
const schemaVersion = 1;

const schema = z.looseObject({
  schema: z.literal(schemaVersion),
  /** The folder's name when it was made; the folder may have been renamed since. */
  id: z.string(),
  name: z.string(),
  /** The word that is taught. */
  word: z.string(),
  /** When the folder was made, as an ISO date. */
  made: z.string(),
  /** What is to become of it: `draft` is being put together, `queued` waits for its turn, `run` was started. */
  wanted: z.enum(["draft", "queued", "run"]),
  /** Of a queued run: the lowest turn starts next; steps: of the whole run, where they are to be others than before. */
  queued: z.looseObject({ turn: z.number(), steps: z.int().optional() }).optional(),
  /** Sample images every so many steps, 0: none; in place of what its settings say. */
  sampleEvery: z.int().min(0).optional(),
  /** The run that it was made from. */
  parent: z.string().optional(),
  /** Who made it. */
  by: z.looseObject({ coinage: z.string(), node: z.string(), platform: z.string() }),
  /** Who opened it last. */
  process: z
    .looseObject({
      pid: z.int(),
      host: z.string(),
      /** When its machine was started, in milliseconds since 1970. */
      bootedMs: z.number(),
      /** How long its machine had been up then, in milliseconds, by a clock that nobody sets. */
      upMs: z.number().optional(),
      /** Another text after each start of the machine, where the system has one. */
      boot: z.string().optional(),
    })
    .optional(),
});

/** What a run is. Keys that are not known here are kept. */
export type RunRecord = z.infer<typeof schema>;

const anyVersion = z.looseObject({ schema: z.int() });

interface NewRun {
  readonly id: string;
  readonly name: string;
  readonly word: string;
  readonly wanted: RunRecord["wanted"];
  readonly parent?: string;
  /** Version of this program. */
  readonly version: string;
}

export function newRecord({ version, parent, ...run }: NewRun): RunRecord {
  const by = { coinage: version, node: process.version, platform: `${process.platform} ${process.arch}` };
  return { schema: schemaVersion, ...run, made: new Date().toISOString(), ...(parent !== undefined && { parent }), by };
}

/** This process, as the one that has opened a run. */
export function openedHere(): NonNullable<RunRecord["process"]> {
  const boot = bootId();
  return {
    pid: process.pid,
    host: os.hostname(),
    bootedMs: bootedMs(),
    upMs: upMs(),
    ...(boot !== undefined && { boot }),
  };
}

/** When this machine was started, in milliseconds since 1970: as its clock says now. */
function bootedMs(): number {
  return Math.round(Date.now() - upMs());
}

function upMs(): number {
  return Math.round(os.uptime() * 1000);
}

/** Clocks are corrected while a machine runs, in milliseconds. */
const clockErrorMs = 60_000;

/** Whether this machine was started anew since a process of it opened a run. Where the system has no name for each start, a machine that was up for longer than its
 *  clock was set forward is still known by how long it is up. */
export function hasRestartedSince(opened: NonNullable<RunRecord["process"]>): boolean {
  const { host, boot, bootedMs: before, upMs: upThen = 0 } = opened;
  if (host !== os.hostname()) return false;
  const now = bootId();
  if (boot !== undefined && now !== undefined) return boot !== now;
  // a later start is one after the run was opened
  return upMs() < upThen || bootedMs() - before > Math.max(clockErrorMs, upThen);
}

/** Writes what a run is, whole or not at all. @throws OUTPUT_UNWRITABLE */
export async function writeRecord({ record }: RunPlaces, contents: RunRecord): Promise<void> {
  await writeFileAtomically(record, `${JSON.stringify(contents, undefined, 2)}\n`);
}

/** Changes what a run is; changes of this process at once come one after another. @throws RUN_UNREADABLE, RUN_NEWER, OUTPUT_UNWRITABLE */
export async function changeRecord(places: RunPlaces, change: (record: RunRecord) => RunRecord): Promise<RunRecord> {
  return inTurn(places.record, async () => {
    const record = change(await readRecord(places));
    await writeRecord(places, record);
    return record;
  });
}

/** @throws RUN_UNREADABLE, RUN_NEWER */
export async function readRecord({ record, folder }: RunPlaces): Promise<RunRecord> {
  const refusal = { code: "RUN_UNREADABLE", subject: `The record of the run, ${record},`, where: folder } as const;
  const text = await readRegularTextFile(record, "runFile", refusal);
  const data = parsed(text);
  const version = anyVersion.safeParse(data);
  if (version.success && version.data.schema > schemaVersion)
    throw new CoinageError(
      "RUN_NEWER",
      "The run was made by a later version of coinage: it is shown and not changed.",
      {
        where: folder,
        hint: "Use that version to go on with it.",
      },
    );
  const found = schema.safeParse(data);
  if (found.success) return found.data;
  throw new CoinageError("RUN_UNREADABLE", `${record} is damaged, or is no record of a run.`, {
    where: folder,
    hint: "What was learned is in checkpoints and state beside it. To train again: coinage train --config_file with the config.toml beside it.",
    cause: found.error,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
