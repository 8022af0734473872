import { CoinageError } from "../../errors/index.ts";
import { openInside } from "../disk/names.ts";
import { type Problem, problemOf } from "../http/problems.ts";
import type { DraftPicture } from "./draft.ts";
import type { Incoming, OpenDraft } from "./store.ts";

/** The result of copying images. */
interface Taken {
  readonly taken: readonly DraftPicture[];
  readonly refused: readonly { readonly original: string; readonly problem: Problem }[];
}

/** Copies images of a folder into a draft, with the captions beside them. originalOf: the original name to give an image. */
export async function takePictures(
  open: OpenDraft,
  folder: string,
  names: readonly string[],
  originalOf: (name: string) => string,
): Promise<Taken> {
  const taken: DraftPicture[] = [];
  const refused: { original: string; problem: Problem }[] = [];
  for (let i = 0; i < names.length; i += takenAtOnce) {
    const some = names.slice(i, i + takenAtOnce);
    const incoming = await Promise.allSettled(some.map((name) => incomingOf(folder, name, originalOf(name))));
    // started in the order of their names, which becomes that of their numbers
    const added = await Promise.allSettled(
      incoming.map(async (one) => {
        if (one.status === "rejected") throw one.reason;
        return open.addPicture(one.value);
      }),
    );
    for (const [at, one] of added.entries())
      if (one.status === "fulfilled") taken.push(one.value);
      else if (one.reason instanceof CoinageError)
        refused.push({ original: originalOf(some[at]!), problem: problemOf(one.reason) });
      else throw one.reason;
  }
  return { taken, refused };
}

/** Images copied in parallel, as many as the page sends: the draft is then written once for all of them. */
const takenAtOnce = 4;

async function incomingOf(folder: string, name: string, original: string): Promise<Incoming> {
  const caption = await captionOf(folder, name);
  const handle = await openInside(folder, name);
  const { size } = await handle.stat();
  return { original, bytes: handle.createReadStream(), announced: size, caption };
}

/** Most bytes of a caption. */
const captionBytes = 20_000;

/** The first line of the caption file beside an image, as in training; undefined without one. */
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
