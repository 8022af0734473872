import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { type OptionValue, readSettingsFile } from "../options/index.ts";
import type { RunPlaces } from "./folder.ts";
import type { RunHistory } from "./journal/history.ts";
import { type RunMarks, readMarks } from "./marks.ts";
import { type RunRecord, readRecord } from "./record.ts";

/** An embedding of a run. */
interface Checkpoint {
  /** Its file in `checkpoints/`. */
  readonly name: string;
  /** The step after which these were the vectors. */
  readonly step: number;
  /** step: saved during training; last: the vectors at the end; best and average: what the run chose to keep instead. */
  readonly kind: "step" | "last" | "best" | "average";
  readonly bytes: number;
}

/** A sample image of a run. */
interface Sample {
  /** Its file in `samples/`. */
  readonly name: string;
  readonly step: number;
  readonly prompt: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
}

/** A run's record, settings and files; its state is not among them. */
export interface RunAbout {
  readonly record: RunRecord;
  /** Settings that differ from the defaults, by flag. */
  readonly settings: Readonly<Record<string, OptionValue>>;
  /** Path, or name on the hub. */
  readonly model: string | undefined;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  readonly marks: RunMarks;
  /** Whether it has a report. */
  readonly report: boolean;
  /** Number of the last event taken into account. */
  readonly seq: number;
}

/** Reads a run's record, settings and files. history: caught up with the journal. @throws RUN_UNREADABLE, RUN_NEWER */
export async function aboutRun(places: RunPlaces, history: RunHistory): Promise<RunAbout> {
  const settings = await settingsOfRun(places);
  const files = await sizesIn(places.checkpoints);
  const drawn = new Set(await readdir(places.samples).catch(() => []));
  const model = settings.pretrained_model_name_or_path;
  return {
    record: await readRecord(places),
    settings,
    model: typeof model === "string" ? model : undefined,
    checkpoints: checkpointsOf(files, history),
    samples: history.samples.flatMap(({ file, step, prompt, seed, width, height }) => {
      const name = baseName(file);
      return drawn.has(name) ? [{ name, step, prompt, seed, width, height }] : [];
    }),
    marks: await readMarks(places),
    report: [...files.keys()].some((name) => name.endsWith(".report.html")),
    seq: history.seq,
  };
}

/** The settings in a run's folder that differ from the defaults, by flag; none if they cannot be read. */
export async function settingsOfRun({ config }: RunPlaces): Promise<Readonly<Record<string, OptionValue>>> {
  const file = await readSettingsFile(config).catch(() => undefined);
  return Object.fromEntries(file?.values ?? []);
}

const embeddingEnding = /\.(safetensors|pt|bin|ckpt)$/;

/** The embeddings of a run in the order of their steps, final ones last. Files of unknown step are left out. */
function checkpointsOf(files: ReadonlyMap<string, number>, { saved, choice }: RunHistory): Checkpoint[] {
  const known = new Map(saved.map((one) => [baseName(one.file), one]));
  const found = [...files].flatMap(([name, bytes]): Checkpoint[] => {
    if (!embeddingEnding.test(name)) return [];
    const save = known.get(name);
    const step = save?.step ?? stepIn(name);
    if (step === undefined) return [];
    const isOfEnd = save?.isFinal === true || name.replace(embeddingEnding, "").endsWith("-last");
    if (!isOfEnd) return [{ name, step, kind: "step", bytes }];
    const chosen = save?.isFinal ? choice?.candidates.find((one) => one.name === choice.chosen) : undefined;
    if (!chosen) return [{ name, step, kind: "last", bytes }];
    const kind = ({ last: "last", averaged: "average", best: "best" } as const)[chosen.name];
    return [{ name, step: chosen.step, kind, bytes }];
  });
  const isLate = ({ kind }: Checkpoint) => Number(kind !== "step");
  return found.sort((a, b) => isLate(a) - isLate(b) || a.step - b.step || a.name.localeCompare(b.name));
}

function stepIn(name: string): number | undefined {
  const digits = /-step(\d{1,12})\.\w+$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The last part of a path, which may come from another operating system. */
function baseName(file: string): string {
  return file.split(/[/\\]/).at(-1)!;
}

async function sizesIn(folder: string): Promise<Map<string, number>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."));
  const sizes = files.map(async ({ name }) => {
    const found = await stat(path.join(folder, name)).catch(() => undefined);
    return [name, found?.size ?? 0] as const;
  });
  return new Map(await Promise.all(sizes));
}
