import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { requireWithin } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import { previewOf } from "../../pictures/index.ts";
import type { RunPlaces } from "../../runs/index.ts";
import { openInside, resolveInside } from "../disk/names.ts";
import { pictureType } from "../http/types.ts";

/** Kinds of files of a run that are served, and their folders. */
const kinds = {
  samples: { folder: "samples", isKept: true },
  tries: { folder: "tries", isKept: true },
  pictures: { folder: "pictures", isKept: true },
  checkpoints: { folder: "checkpoints", isKept: false },
} as const;

export const fileKinds = Object.keys(kinds) as (keyof typeof kinds)[];
export type FileKind = (typeof fileKinds)[number];

const embeddingEndings = [".safetensors", ".pt", ".bin", ".ckpt"];

/** A file of a run to send. */
export interface RunFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Whether the file under this name never changes. A resumed run writes its last checkpoint again. */
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

/** The media type of a file. @throws FILE_NOT_FOUND for files that are never served */
function typeOf(kind: FileKind, name: string): string {
  const ending = path.extname(name).toLowerCase();
  const isOfKind =
    kind === "checkpoints" ? embeddingEndings.includes(ending) : kind === "pictures" || ending === ".png";
  const type = kind === "checkpoints" ? "application/octet-stream" : pictureType(name);
  if (isOfKind && type !== undefined) return type;
  throw new CoinageError("FILE_NOT_FOUND", `There is no file ${name} among the ${kind} of the run.`);
}

/** Side of a thumbnail, in pixels. */
const thumbSide = 256;

/** Folder of the thumbnails, beside the pictures. */
const thumbs = ".thumbs";

/** Thumbnails being made. */
const underWay = new Map<string, Promise<Uint8Array>>();

/** The thumbnail of a run's picture, as WebP. It is made once and stored beside the picture, if the folder is writable.
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

/** file: the real path of the picture; changedMs: its modification time. */
async function thumbOf(file: string, changedMs: number): Promise<Uint8Array> {
  const [folder, name] = [path.join(path.dirname(file), thumbs), `${path.basename(file)}.webp`];
  const kept = await keptThumb(folder, name, changedMs);
  if (kept) return kept;
  const thumb = await previewOf(file, thumbSide);
  // without a writable folder, or with a link in its place, the thumbnail is made each time
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

/** Whether the last part of a real path is a link or missing. */
async function isLink(folder: string): Promise<boolean> {
  return (await realpath(folder).catch(() => undefined)) !== folder;
}
