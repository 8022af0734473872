import os from "node:os";
import { z } from "zod";
import { CoinageError } from "../errors/index.ts";
import { bootId, readRegularTextFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";
import { inTurn } from "./in-turn.ts";

/** Raised when the folder's format changes so that earlier versions of this program would damage or misread it. */
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
  /** What its user wants: `draft` is being edited, `queued` waits for its turn, `run` was started. */
  wanted: z.enum(["draft", "queued", "run"]),
  /** Of a queued run: the lowest turn starts next; steps: new length of the whole run, if it is to change. */
  queued: z.looseObject({ turn: z.number(), steps: z.int().optional() }).optional(),
  /** Steps between sample images, 0: none; overrides its settings. */
  sampleEvery: z.int().min(0).optional(),
  /** The run it was made from. */
  parent: z.string().optional(),
  /** The program and system that made it. */
  by: z.looseObject({ coinage: z.string(), node: z.string(), platform: z.string() }),
  /** The process that opened it last. */
  process: z
    .looseObject({
      pid: z.int(),
      host: z.string(),
      /** When its machine was started, in milliseconds since 1970. */
      bootedMs: z.number(),
      /** Uptime of its machine then, in milliseconds. */
      upMs: z.number().optional(),
      /** Boot id of the machine, on systems that have one. */
      boot: z.string().optional(),
    })
    .optional(),
});

/** What a run is. Unknown keys are kept. */
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

/** This process, as the record of a run it opens has it. */
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

/** When this machine was started, in milliseconds since 1970, by its clock as it is set now. */
function bootedMs(): number {
  return Math.round(Date.now() - upMs());
}

function upMs(): number {
  return Math.round(os.uptime() * 1000);
}

/** How far a clock may be corrected while a machine runs, in milliseconds. */
const clockErrorMs = 60_000;

/** Whether this machine has restarted since one of its processes opened a run. Without boot ids, uptimes and start times are compared:
 *  a clock set forward by less than the uptime is no restart. */
export function hasRestartedSince(opened: NonNullable<RunRecord["process"]>): boolean {
  const { host, boot, bootedMs: before, upMs: upThen = 0 } = opened;
  if (host !== os.hostname()) return false;
  const now = bootId();
  if (boot !== undefined && now !== undefined) return boot !== now;
  // a restart is later than the opening, so later than the first start by more than upThen
  return upMs() < upThen || bootedMs() - before > Math.max(clockErrorMs, upThen);
}

/** Writes the record of a run, whole or not at all. @throws OUTPUT_UNWRITABLE */
export async function writeRecord({ record }: RunPlaces, contents: RunRecord): Promise<void> {
  await writeFileAtomically(record, `${JSON.stringify(contents, undefined, 2)}\n`);
}

/** Changes the record of a run. Concurrent changes in this process take turns. @throws RUN_UNREADABLE, RUN_NEWER, OUTPUT_UNWRITABLE */
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
