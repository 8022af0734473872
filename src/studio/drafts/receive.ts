import { createHash } from "node:crypto";
import { open, rename, rm, unlink } from "node:fs/promises";
import path from "node:path";
import { limits, type Refusal, requireWithin } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { readStart, withRegularFile } from "../../files/index.ts";
import { kindBytes, kindOf, previewOf, readPictureHeader, shownSize, writeUpright } from "../../pictures/index.ts";
import { requireRoom } from "../disk/room.ts";
import type { DraftPicture } from "./draft.ts";

/** A completely received file, under a temporary name. */
export interface Received {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 */
  readonly hash: string;
}

/** Writes bytes to a new file as they arrive, one chunk in memory at a time. The limits are checked against the announced size first, then against what arrives.
 *  announced: the Content-Length. @throws BODY_TOO_LARGE, DISK_FULL; BODY_INVALID for fewer bytes than announced */
export async function receive(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  { announced, leaveBytes }: { readonly announced: number | undefined; readonly leaveBytes: number },
): Promise<Received> {
  const refusal = tooLarge;
  requireWithin("studioPicture", announced ?? 0, refusal);
  await requireRoom(path.dirname(file), announced ?? 0, leaveBytes);
  const hash = createHash("sha256");
  let length = 0;
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const part of bytes) {
      length += part.length;
      requireWithin("studioPicture", length, refusal);
      hash.update(part);
      for (let written = 0; written < part.length; )
        written += (await handle.write(part, written, part.length - written)).bytesWritten;
    }
    if (announced !== undefined && announced !== length)
      throw new CoinageError("BODY_INVALID", `${length} bytes came of ${announced} that were announced.`, {
        hint: "Send the file again.",
      });
    await handle.sync();
    return { file, bytes: length, hash: hash.digest("hex") };
  } catch (error) {
    await unlink(file).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

const tooLarge: Refusal = {
  code: "BODY_TOO_LARGE",
  subject: "The image",
  hint: "Shrink it: images are trained at a far smaller size anyway.",
};

/** Side of the previews, in pixels. */
const previewSide = 256;

/** Shorter side in pixels below which a picture will be enlarged a lot. */
const smallSide = 256;

/** The facts of a received picture. */
export interface Examined extends Pick<DraftPicture, "width" | "height" | "warnings"> {
  /** With its dot; from the file's contents. */
  readonly extension: string;
  /** WebP */
  readonly preview: Uint8Array;
}

/** Examines a received file: its kind by the first bytes, the limits on pixels by its header, then all pixels. Pictures with an EXIF rotation are stored upright,
 *  because training ignores it. The file is removed on errors. @throws PICTURE_UNREADABLE */
export async function examine(file: string, original: string): Promise<Examined> {
  try {
    const start = await withRegularFile(file, (handle) => readStart(handle, kindBytes));
    const extension = kindOf(start)?.extension;
    // its error names the kind, if known
    const header = await readPictureHeader(file);
    if (extension === undefined)
      throw new CoinageError("PICTURE_UNREADABLE", "Its kind is unknown.", { hint: exportIt });
    const preview = await previewOf(file, previewSide);
    const [width, height] = shownSize(header, { exifTranspose: true });
    const isTurned = header.orientation !== 1;
    if (isTurned) {
      await writeUpright(file, `${file}.upright`);
      await rename(`${file}.upright`, file);
    }
    const warnings = [
      ...(isTurned ? [warning("PICTURE_TURNED", "It was turned upright, as its EXIF data says.")] : []),
      ...(header.pages > 1 ? [warning("PICTURE_ANIMATED", "Only its first frame is used.")] : []),
      ...(header.hasAlpha
        ? [warning("PICTURE_TRANSPARENT", "Transparent pixels show the colour hidden in them.")]
        : []),
      ...(Math.min(width, height) < smallSide
        ? [warning("PICTURE_SMALL", `With ${width} x ${height} pixels it is enlarged, and what is blurred is learned.`)]
        : []),
    ];
    return { extension: isTurned ? ".png" : extension, width, height, preview, warnings };
  } catch (error) {
    for (const left of [file, `${file}.upright`]) await rm(left, { force: true });
    if (error instanceof CoinageError) throw named(error, file, original);
    throw error;
  }
}

const exportIt = "Export it as PNG or JPEG.";

function warning(code: string, message: string): DraftPicture["warnings"][number] {
  return { code, message };
}

/** The error with the user's name of the file instead of ours. */
function named({ code, message, where, hint, cause }: CoinageError, file: string, original: string): CoinageError {
  const renamed = (text: string) => text.replaceAll(file, original);
  return new CoinageError(code, renamed(message), {
    ...(where !== undefined && { where: renamed(where) }),
    ...(hint !== undefined && { hint: renamed(hint) }),
    cause,
  });
}

/** @throws DRAFT_FULL if a draft cannot hold so many pictures, or bytes of pictures */
export function requireRoomInDraft(pictures: number, bytes: number): void {
  const hint = "Remove some images; a word is learned from 5 to a few hundred.";
  const refusal = { code: "DRAFT_FULL", subject: "The draft", hint } as const;
  requireWithin("draftPictures", pictures, refusal);
  requireWithin("draftBytes", bytes, refusal);
}

/** Most bytes of one picture: assumed when no length is announced. */
export const mostPictureBytes: number = limits.studioPicture.max;
