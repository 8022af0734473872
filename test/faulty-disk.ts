import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Disk, systemDisk } from "../src/files/disk.ts";

/** What happens to a disk at one of its operations.
 *  error: that operation fails, and no other. full: nothing can be written from then on; half of a file is there.
 *  cut: the power goes, and with it the process and everything that was not synced. cut-data: the same, but new names had reached the disk. */
export const faults = ["error", "full", "cut", "cut-data"] as const;
export type Fault = (typeof faults)[number];

type Operation = keyof Disk;

/** A name in a folder that is new, has moved or has gone since the folder was synced. */
interface Change {
  folder: string;
  /** Undoes it: moves back, or out of the way. */
  from: string;
  to: string;
}

/** A real disk where the operation of a number (from 1) goes wrong. */
export class FaultyDisk implements Disk {
  /** Operations asked for so far. */
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

  /** Lets happen what a power cut does to what was not synced. To be called when all is still. */
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

  /** What lies within something that was moved is elsewhere now. */
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
