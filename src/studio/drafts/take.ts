import { CoinageError } from "../../errors/index.ts";
import { openInside } from "../disk/names.ts";
import { type Problem, problemOf } from "../http/problems.ts";
import type { DraftPicture } from "./draft.ts";
import type { OpenDraft } from "./store.ts";

/** What became of images that were to be copied. */
interface Taken {
  readonly taken: readonly DraftPicture[];
  readonly refused: readonly { readonly original: string; readonly problem: Problem }[];
}

/** Copies images of a folder into a draft, with the captions beside them. The folder stays as it is. originalOf: what an image is to be called. */
export async function takePictures(
  open: OpenDraft,
  folder: string,
  names: readonly string[],
  originalOf: (name: string) => string,
): Promise<Taken> {
  const taken: DraftPicture[] = [];
  const refused: { original: string; problem: Problem }[] = [];
  for (const name of names) {
    const original = originalOf(name);
    try {
      const handle = await openInside(folder, name);
      const { size } = await handle.stat();
      const bytes = handle.createReadStream();
      taken.push(await open.addPicture({ original, bytes, announced: size, caption: await captionOf(folder, name) }));
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      refused.push({ original, problem: problemOf(error) });
    }
  }
  return { taken, refused };
}

/** The most of a caption that a draft takes, in bytes. */
const captionBytes = 20_000;

/** The first line of the caption file beside an image, as training reads it; undefined without one. */
async function captionOf(folder: string, picture: string): Promise<string | undefined> {
  const stem = picture.slice(0, picture.lastIndexOf("."));
  for (const extension of [".txt", ".caption"]) {
    const handle = await openInside(folder, `${stem}${extension}`).catch(() => undefined);
    if (!handle) continue;
    const { buffer, bytesRead } = await handle.read(new Uint8Array(captionBytes), 0, captionBytes, 0);
    await handle.close();
    return new TextDecoder().decode(buffer.subarray(0, bytesRead)).trim().split(/\r?\n/)[0];
  }
  return undefined;
}
