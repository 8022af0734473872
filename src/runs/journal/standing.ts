import { stat } from "node:fs/promises";
import { type Digest, digestAfter, digestOf } from "./digest.ts";
import { readEntries, readTail } from "./reader.ts";

/** The digest of a journal, as far as it was read. */
export interface Standing {
  readonly digest: Digest;
  /** Inode of the file, and the byte to read on from. */
  readonly file: number | undefined;
  readonly end: number;
}

/** The digest of a journal now, from its last events. before: an earlier standing; only later events are read. */
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
