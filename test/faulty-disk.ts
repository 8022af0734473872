import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Disk, systemDisk } from "../src/files/disk.ts";

/** A fault of a disk at one of its operations.
 *  error: only that operation fails. full: nothing can be written from then on; half of a file is left.
 *  cut: the power fails; the process and everything not synced are lost. cut-data: the same, but new names had reached the disk. */
export const faults = ["error", "full", "cut", "cut-data"] as const;
export type Fault = (typeof faults)[number];

type Operation = keyof Disk;

/** A name in a folder that was added, moved or removed since the folder was synced. */
interface Change {
  folder: string;
  /** Where to rename it to undo the change: back, or out of the way. */
  from: string;
  to: string;
}

/** A real disk with a fault at one operation, counted from 1. */
export class FaultyDisk implements Disk {
  /** Operations so far. */
  operations = 0;
  readonly #at: number;
  readonly #fault: Fault;
  readonly #stash = mkdtempSync(path.join(os.tmpdir(), "coinage-stash-"));
  /** Files whose contents are not on the disk. */
  readonly #unsynced = new Set<string>();
  #changes: Change[] = [];
  #stashed = 0;

  constructor(at: number, fault: Fault) {
    this.#at = at;
    this.#fault = fault;
  }

  async write(file: string, bytes: Uint8Array | string): Promise<void> {
    const half = () => systemDisk.write(file, bytes.slice(0, Math.floor(bytes.length / 2)));
    this.#unsynced.add(file);
    this.#note(file, this.#unused(), file);
    await this.#attempt("write", () => systemDisk.write(file, bytes), half);
  }

  async sync(target: string): Promise<void> {
    await this.#attempt("sync", () => systemDisk.sync(target));
    this.#unsynced.delete(target);
    this.#changes = this.#changes.filter(({ folder }) => folder !== target);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#attempt("rename", async () => {
      const replaced = this.#unused();
      if (statSync(to, { throwIfNoEntry: false })?.isFile()) this.#move(to, replaced);
      await systemDisk.rename(from, to);
      this.#follow(from, to);
      this.#note(to, from, to);
    });
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#attempt("makeFolder", () => systemDisk.makeFolder(folder));
    this.#note(folder, this.#unused(), folder);
  }

  async remove(target: string): Promise<void> {
    await this.#attempt("remove", async () => {
      if (statSync(target, { throwIfNoEntry: false })) this.#move(target, this.#unused());
    });
  }

  /** Applies the effects of a power cut to what was not synced. Call it once nothing runs any more. */
  settle(): void {
    if (this.#fault === "cut" && this.operations >= this.#at)
      for (const { from, to } of this.#changes.toReversed()) {
        if (!statSync(to, { throwIfNoEntry: false })) continue;
        mkdirSync(path.dirname(from), { recursive: true });
        renameSync(to, from);
        this.#follow(to, from);
      }
    if (this.#fault.startsWith("cut") && this.operations >= this.#at)
      for (const file of this.#unsynced) if (statSync(file, { throwIfNoEntry: false })) truncateSync(file, 0);
    rmSync(this.#stash, { recursive: true });
  }

  async #attempt(operation: Operation, work: () => Promise<void>, half?: () => Promise<void>): Promise<void> {
    const number = ++this.operations;
    const isHit = this.#fault === "error" ? number === this.#at : number >= this.#at;
    if (!isHit) return work();
    const isCut = this.#fault.startsWith("cut");
    if (this.#fault === "full" && (operation === "rename" || operation === "remove")) return work();
    if (number === this.#at || this.#fault === "full") await half?.();
    throw Object.assign(new Error("the disk fails"), { code: isCut ? "EIO" : "ENOSPC", syscall: operation });
  }

  #move(from: string, to: string): void {
    renameSync(from, to);
    this.#follow(from, to);
    this.#note(from, from, to);
  }

  #note(name: string, from: string, to: string): void {
    this.#changes.push({ folder: path.dirname(name), from, to });
  }

  /** Updates the paths of everything inside a moved folder. */
  #follow(from: string, to: string): void {
    const inside = (name: string) => (name.startsWith(from + path.sep) ? to + name.slice(from.length) : name);
    const unsynced = [...this.#unsynced].map((file) => (file === from ? to : inside(file)));
    this.#unsynced.clear();
    for (const file of unsynced) this.#unsynced.add(file);
    for (const change of this.#changes)
      Object.assign(change, { folder: inside(change.folder), from: inside(change.from), to: inside(change.to) });
  }

  #unused(): string {
    return path.join(this.#stash, String(this.#stashed++));
  }
}
