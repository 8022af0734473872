import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { freeBytesOn } from "../../files/index.ts";

/** @throws DISK_FULL if writing `bytes` would leave less than `leaveBytes` */
export async function requireRoom(folder: string, bytes: number, leaveBytes: number): Promise<void> {
  const free = await freeBytesOn(folder);
  if (free === undefined || free - bytes >= leaveBytes) return;
  throw new CoinageError("DISK_FULL", `The disk of ${folder} has ${Math.round(free / 1e6)} MB left.`, {
    hint: "Make room on it: images are accepted as long as room for the training itself stays free, usually 1 GB.",
  });
}

/** Free space on the disk of the runs, when it is too little. */
export interface ShortDisk {
  /** Rounded to 10 MB. */
  readonly freeBytes: number;
  readonly leaveBytes: number;
}

/** Free space on the disk if it is too little, else null. runs: the folder of all runs, which may not exist yet. */
export async function shortDisk(runs: string, leaveBytes: number): Promise<ShortDisk | null> {
  const free = (await freeBytesOn(runs)) ?? (await freeBytesOn(path.dirname(runs)));
  const unit = 10_000_000;
  return free === undefined || free >= leaveBytes ? null : { freeBytes: Math.floor(free / unit) * unit, leaveBytes };
}
