import { stat } from "node:fs/promises";
import { type Digest, digestAfter, digestOf } from "./digest.ts";
import { readEntries, readTail } from "./reader.ts";

/** How a run stands by its journal, as far as that was read. */
export interface Standing {
  readonly digest: Digest;
  /** Which file that was, and the byte where to read on. */
  readonly file: number | undefined;
  readonly end: number;
}

/** How a run stands now, by the last events of its journal. before: as it stood; only what has come since is read. */
export async function readStanding(journal: string, before?: Standing): Promise<Standing> {
  const { ino: file, size } = await stat(journal).catch(() => ({ ino: undefined, size: 0 }));
  if (before === undefined || before.file !== file || size < before.end) {
    const { entries, end, isWhole } = await readTail(journal);
    return { digest: digestOf(entries, isWhole), file, end };
  }
  let { digest, end } = before;
  for (let isAtEnd = size === end; !isAtEnd; ) {
    const piece = await readEntries(journal, end, digest.seq);
    digest = piece.entries.reduce(digestAfter, digest);
    [end, isAtEnd] = [piece.end, piece.isAtEnd];
  }
  return { digest, file, end };
}
