import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { requireWithin } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import { previewOf } from "../../pictures/index.ts";
import type { RunPlaces } from "../../runs/index.ts";
import { openInside, resolveInside } from "../disk/names.ts";
import { pictureType } from "../http/types.ts";

/** What of a run's folder is given out, and where it lies. */
const kinds = {
  samples: { folder: "samples", isKept: true },
  tries: { folder: "tries", isKept: true },
  pictures: { folder: "pictures", isKept: true },
  checkpoints: { folder: "checkpoints", isKept: false },
} as const;

export const fileKinds = Object.keys(kinds) as (keyof typeof kinds)[];
export type FileKind = (typeof fileKinds)[number];

const embeddingEndings = [".safetensors", ".pt", ".bin", ".ckpt"];

/** A file of a run as it is sent. */
export interface RunFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Whether its name stands for these bytes for ever. A run that goes on writes its last checkpoint anew. */
  readonly isKept: boolean;
}

/** A file of a run. @throws FILE_NOT_FOUND, NAME_REFUSED, OUTSIDE_ROOT, BODY_TOO_LARGE */
export async function readRunFile({ folder }: RunPlaces, kind: FileKind, name: string): Promise<RunFile> {
  const type = typeOf(kind, name);
  const handle = await openInside(folder, kinds[kind].folder, name);
  try {
    requireWithin("studioPicture", (await handle.stat()).size, { code: "BODY_TOO_LARGE", subject: `The file ${name}` });
    return { bytes: await handle.readFile(), type, isKept: kinds[kind].isKept };
  } finally {
    await handle.close();
  }
}

/** @throws FILE_NOT_FOUND for what is never given out */
function typeOf(kind: FileKind, name: string): string {
  const ending = path.extname(name).toLowerCase();
  const isOfKind =
    kind === "checkpoints" ? embeddingEndings.includes(ending) : kind === "pictures" || ending === ".png";
  const type = kind === "checkpoints" ? "application/octet-stream" : pictureType(name);
  if (isOfKind && type !== undefined) return type;
  throw new CoinageError("FILE_NOT_FOUND", `There is no file ${name} among the ${kind} of the run.`);
}

/** Side of a small picture, in pixels. */
const thumbSide = 256;

/** Folder of the small pictures, beside the large ones. */
const thumbs = ".thumbs";

/** Small pictures that are being made. */
const underWay = new Map<string, Promise<Uint8Array>>();

/** A small picture of a picture of a run, as WebP. It is made once and kept beside it, in a folder that can be written.
 *  @throws FILE_NOT_FOUND, NAME_REFUSED, OUTSIDE_ROOT, PICTURE_UNREADABLE */
export async function readThumb(places: RunPlaces, kind: FileKind, name: string): Promise<RunFile> {
  if (kind === "checkpoints") throw new CoinageError("FILE_NOT_FOUND", "A checkpoint is no picture.");
  typeOf(kind, name);
  const { folder } = kinds[kind];
  const source = await openInside(places.folder, folder, name);
  const { mtimeMs } = await source.stat().finally(() => source.close());
  const file = await resolveInside(places.folder, folder, name);
  const coming = underWay.get(file) ?? thumbOf(file, mtimeMs);
  underWay.set(file, coming);
  const bytes = await coming.finally(() => underWay.delete(file));
  return { bytes, type: "image/webp", isKept: true };
}

/** file: the real path of the picture; changedMs: when it was written last */
async function thumbOf(file: string, changedMs: number): Promise<Uint8Array> {
  const [folder, name] = [path.join(path.dirname(file), thumbs), `${path.basename(file)}.webp`];
  const kept = await keptThumb(folder, name, changedMs);
  if (kept) return kept;
  const thumb = await previewOf(file, thumbSide);
  // a folder that cannot be written, or a link in its place, costs time and nothing else
  await mkdir(folder, { recursive: true })
    .then(async () => (await isLink(folder)) || writeFileAtomically(path.join(folder, name), thumb))
    .catch(() => {});
  return thumb;
}

async function keptThumb(folder: string, name: string, changedMs: number): Promise<Uint8Array | undefined> {
  if (await isLink(folder)) return undefined;
  const handle = await openInside(folder, name).catch(() => undefined);
  try {
    return handle && (await handle.stat()).mtimeMs >= changedMs ? await handle.readFile() : undefined;
  } finally {
    await handle?.close();
  }
}

/** Whether a folder of a real path is a link, or not there. */
async function isLink(folder: string): Promise<boolean> {
  return (await realpath(folder).catch(() => undefined)) !== folder;
}
