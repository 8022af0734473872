import { signal } from "@preact/signals";
import type { Problem } from "../../../../http/problems.ts";
import type { ChosenFile } from "./dropped-files.ts";

/** A picture being sent, or one that was refused. */
export interface Upload extends Omit<ChosenFile, "file"> {
  readonly id: number;
  /** Undefined if the studio took it from a folder. */
  readonly file?: File;
  readonly state: "waiting" | "sending" | "refused";
  /** Share that has been sent, from 0 to 1. */
  readonly share: number;
  readonly problem?: Problem;
}

type Send<Taken> = (
  file: ChosenFile,
  options: { readonly onShare: (share: number) => void; readonly signal: AbortSignal },
) => Promise<Taken>;

/** Files sent at once. */
const atOnce = 4;

/** Sends files, a few at once. Accepted ones leave the list; refused ones stay, with the reason. */
export class Uploads<Taken> {
  readonly list = signal<readonly Upload[]>([]);
  /** Files of the current lot: finished and all. */
  readonly lot = signal({ done: 0, all: 0 });
  readonly #send: Send<Taken>;
  readonly #take: (taken: Taken, file: ChosenFile) => void;
  readonly #problemIn: (error: unknown) => Problem;
  #next = 1;
  #stopping = new AbortController();

  constructor(
    send: Send<Taken>,
    take: (taken: Taken, file: ChosenFile) => void,
    problemIn: (error: unknown) => Problem,
  ) {
    [this.#send, this.#take, this.#problemIn] = [send, take, problemIn];
  }

  /** Number of files being sent or waiting. */
  get coming(): number {
    return this.list.value.filter(({ state }) => state !== "refused").length;
  }

  add(files: readonly ChosenFile[]): void {
    const { done, all } = this.coming > 0 ? this.lot.value : { done: 0, all: 0 };
    this.lot.value = { done, all: all + files.length };
    const waiting = files.map((file) => ({ ...file, id: this.#next++, state: "waiting", share: 0 }) as const);
    this.list.value = [...this.list.value, ...waiting];
    this.#fill();
  }

  /** Adds files that were refused elsewhere to the list. */
  refuse(refused: readonly { readonly name: string; readonly problem: Problem }[]): void {
    const listed = refused.map((one) => ({ ...one, id: this.#next++, state: "refused", share: 0 }) as const);
    this.list.value = [...this.list.value, ...listed];
  }

  /** Sends a refused file again. */
  again(id: number): void {
    const { name, file, caption } = this.list.value.find((upload) => upload.id === id) ?? {};
    this.forget(id);
    if (name !== undefined && file) this.add([{ name, file, ...(caption !== undefined && { caption }) }]);
  }

  /** Removes a refused file from the list. */
  forget(id: number): void {
    this.list.value = this.list.value.filter((upload) => upload.id !== id);
  }

  forgetRefused(): void {
    this.list.value = this.list.value.filter(({ state }) => state !== "refused");
  }

  /** Cancels all unfinished uploads. */
  stop(): void {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    this.#forgetComing();
  }

  #forgetComing(): void {
    this.list.value = this.list.value.filter(({ state }) => state === "refused");
    this.lot.value = { done: 0, all: 0 };
  }

  #fill(): void {
    for (;;) {
      const sending = this.list.value.filter(({ state }) => state === "sending").length;
      const next = this.list.value.find(({ state }) => state === "waiting");
      if (!next?.file || sending >= atOnce) return;
      this.#begin({ ...next, file: next.file });
    }
  }

  async #begin(upload: Upload & ChosenFile): Promise<void> {
    const { signal: stopped } = this.#stopping;
    this.#change(upload.id, { state: "sending" });
    try {
      const onShare = (share: number) => this.#change(upload.id, { share });
      const taken = await this.#send(upload, { onShare, signal: stopped });
      this.forget(upload.id);
      this.#take(taken, upload);
    } catch (error) {
      if (stopped.aborted) return;
      this.#change(upload.id, { state: "refused", problem: this.#problemIn(error) });
    }
    const { done, all } = this.lot.value;
    this.lot.value = { done: done + 1, all };
    this.#fill();
  }

  #change(id: number, changes: Partial<Upload>): void {
    this.list.value = this.list.value.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload));
  }
}
