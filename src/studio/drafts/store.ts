import { randomUUID } from "node:crypto";
import { copyFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath, makeFolder, readRegularTextFile, writeFileAtomically } from "../../files/index.ts";
import { nameOnDisk, openInside } from "../disk/names.ts";
import type { Trash } from "../disk/trash.ts";
import { type Draft, type DraftInput, type DraftPicture, draftChanged, newDraft, parseDraft } from "./draft.ts";
import { promptLines } from "./prompts.ts";
import { examine, mostPictureBytes, receive, requireRoomInDraft } from "./receive.ts";
import { requireDraftable } from "./settings.ts";

/** A picture being sent. */
export interface Incoming {
  /** The user's name for the file. */
  readonly original: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Announced number of bytes, if known. */
  readonly announced?: number | undefined;
  readonly caption?: string | undefined;
}

/** Disk space that the training itself needs, in bytes. */
const usualLeaveBytes = 1e9;

/** Captions written in parallel: most of the time is spent waiting for the disk. */
const writtenAtOnce = 16;

const idPattern = /^[a-z0-9]{6,40}$/;

/** The drafts of a studio. Each is a folder: draft.json, pictures/ with captions, previews/. Only one process uses them, so each is read once. */
export class Drafts {
  /** The folder of all drafts. */
  readonly folder: string;
  /** Disk space to leave free when images arrive, in bytes. */
  readonly leaveBytes: number;
  readonly #open = new Map<string, Promise<OpenDraft>>();

  constructor(folder: string, leaveBytes = usualLeaveBytes) {
    this.folder = folder;
    this.leaveBytes = leaveBytes;
  }

  /** All readable drafts, the last changed first. */
  async list(): Promise<readonly Draft[]> {
    const names = await readdir(this.folder).catch(() => []);
    const opened = names.filter((name) => idPattern.test(name)).map((id) => this.open(id).catch(() => undefined));
    const drafts = (await Promise.all(opened)).flatMap((one) => (one ? [one.draft] : []));
    return drafts.sort((a, b) => b.changedAt.localeCompare(a.changedAt));
  }

  /** @throws DRAFT_UNKNOWN, DRAFT_INVALID */
  async open(id: string): Promise<OpenDraft> {
    const known = idPattern.test(id) ? this.#open.get(id) : Promise.reject(unknown(id));
    if (known) return known;
    return this.#remember(id, this.#read(id));
  }

  /** The draft with an id, made if there is none. @throws DRAFT_UNKNOWN if it cannot be an id */
  async openOrMake(id: string): Promise<OpenDraft> {
    try {
      return await this.open(id);
    } catch (error) {
      if (!idPattern.test(id) || !(error instanceof CoinageError && error.code === "DRAFT_UNKNOWN")) throw error;
    }
    // another request may have made it meanwhile
    return (
      this.#open.get(id) ??
      this.#remember(id, OpenDraft.make(path.join(this.folder, id), newDraft(id), this.leaveBytes))
    );
  }

  /** Moves a draft to the trash and returns the id for restoring it. @throws DRAFT_UNKNOWN, OUTPUT_UNWRITABLE */
  async discard(id: string, trash: Trash): Promise<string> {
    const { folder, draft } = await this.open(id);
    const discarded = await trash.put(folder, { kind: "draft", name: draft.word });
    this.#open.delete(id);
    return discarded;
  }

  /** Removes a draft that could not be completed. @throws DRAFT_UNKNOWN */
  async drop(id: string): Promise<void> {
    const { folder } = await this.open(id);
    this.#open.delete(id);
    await rm(folder, { recursive: true, force: true });
  }

  #remember(id: string, opening: Promise<OpenDraft>): Promise<OpenDraft> {
    this.#open.set(id, opening);
    opening.catch(() => this.#open.delete(id));
    return opening;
  }

  async #read(id: string): Promise<OpenDraft> {
    const folder = path.join(this.folder, id);
    const file = path.join(folder, "draft.json");
    if ((await kindOfPath(file)) === "nothing") throw unknown(id);
    const json = await readRegularTextFile(file, "stateFile", { code: "DRAFT_INVALID", subject: "The draft" });
    return OpenDraft.make(folder, parseDraft(json, file), this.leaveBytes);
  }
}

function unknown(id: string): CoinageError {
  return new CoinageError("DRAFT_UNKNOWN", `There is no draft "${id.slice(0, 60)}".`, {
    hint: "It may have been discarded in another tab.",
  });
}

/** One draft, which concurrent requests may change. */
export class OpenDraft {
  readonly folder: string;
  readonly #leaveBytes: number;
  #draft: Draft;
  /** Pictures and bytes being received. */
  readonly #coming = { pictures: 0, bytes: 0 };
  /** Removed pictures by name: their files are in removed/. */
  readonly #removed = new Map<string, DraftPicture>();
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  private constructor(folder: string, draft: Draft, leaveBytes: number) {
    this.folder = folder;
    this.#draft = draft;
    this.#leaveBytes = leaveBytes;
  }

  static async make(folder: string, draft: Draft, leaveBytes: number): Promise<OpenDraft> {
    for (const part of ["pictures", "previews", "incoming", "removed"]) makeFolder(path.join(folder, part));
    // remains of an earlier studio
    for (const part of ["incoming", "removed"])
      for (const name of await readdir(path.join(folder, part))) {
        await rm(path.join(folder, part, name));
        await rm(path.join(folder, "previews", `${name}.webp`), { force: true });
      }
    return new OpenDraft(folder, draft, leaveBytes);
  }

  get draft(): Draft {
    return this.#draft;
  }

  get pictures(): string {
    return path.join(this.folder, "pictures");
  }

  /** Path of the prompt file, which exists once there are prompts. */
  get prompts(): string {
    return path.join(this.folder, "prompts.txt");
  }

  /** Changes everything but the pictures. @throws DRAFT_CHANGED if another revision was changed, DRAFT_INVALID */
  async change({ revision, captions = {}, prompts = this.#draft.prompts, ...changes }: DraftInput): Promise<Draft> {
    requireDraftable(changes.settings);
    if (revision !== this.#draft.revision) throw draftChanged();
    const strange = Object.keys(captions).find((name) => !this.#draft.pictures.some((one) => one.name === name));
    if (strange !== undefined) throw noPicture(strange);
    const changed = this.#draft.pictures.filter(({ name, caption }) => (captions[name] ?? caption) !== caption);
    const pictures = this.#draft.pictures.map((one) => ({ ...one, caption: captions[one.name] ?? one.caption }));
    // before any wait, so that only one of two requests with the same revision succeeds
    this.#set({ ...changes, prompts, pictures, revision: revision + 1 });
    await writeFileAtomically(this.prompts, promptLines(this.#draft));
    for (let i = 0; i < changed.length; i += writtenAtOnce)
      await Promise.all(
        changed.slice(i, i + writtenAtOnce).map(({ name }) => this.#writeCaption(name, captions[name]!)),
      );
    await this.#save();
    return this.#draft;
  }

  /** Stores the size that its images are trained in, for its prompts. */
  async setTrainedSize(size: readonly [number, number]): Promise<void> {
    if (this.#draft.trainedSize?.join() === size.join()) return;
    this.#set({ trainedSize: [...size] });
    await writeFileAtomically(this.prompts, promptLines(this.#draft));
    await this.#save();
  }

  /** Stores that a run was started from the current revision. */
  async setStarted(run: string): Promise<void> {
    this.#set({ startedRevision: this.#draft.revision, startedRun: run });
    await this.#save();
  }

  /** Stores the run that the draft was made from. weights: a file with the vectors to start from; it is copied. @throws the system's own errors */
  async setOrigin(run: string, weights?: string): Promise<void> {
    const name = weights && `weights${path.extname(weights)}`;
    if (weights && name) await copyFile(weights, path.join(this.folder, name));
    this.#set({ from: { run, ...(name && { weights: name }) } });
    await this.#save();
  }

  /** Adds a picture, replacing one of the same original name. A refused one leaves nothing behind.
   *  @throws DRAFT_FULL, DISK_FULL, BODY_TOO_LARGE, BODY_INVALID, PICTURE_UNREADABLE */
  async addPicture({ original, bytes, announced, caption }: Incoming): Promise<DraftPicture> {
    const most = Math.min(announced ?? mostPictureBytes, mostPictureBytes);
    const held = this.#draft.pictures.reduce((sum, one) => sum + one.bytes, 0);
    requireRoomInDraft(this.#draft.pictures.length + this.#coming.pictures + 1, held + this.#coming.bytes + most);
    this.#coming.pictures++;
    this.#coming.bytes += most;
    // numbered in the order in which they start to arrive: smaller ones finish first
    const number = this.#draft.next;
    this.#set({ next: number + 1 });
    try {
      const incoming = path.join(this.folder, "incoming", randomUUID());
      const received = await receive(bytes, incoming, { announced, leaveBytes: this.#leaveBytes });
      const { extension, preview, ...seen } = await examine(received.file, original);
      const earlier = this.#draft.pictures.find((one) => one.original === original);
      const name = nameOnDisk(number, original, extension);
      await writeFile(this.#previewFile(name), preview);
      await rename(received.file, path.join(this.pictures, name));
      const text = caption ?? earlier?.caption ?? "";
      await this.#writeCaption(name, text);
      const picture = this.#withDoubles({
        ...seen,
        name,
        original,
        bytes: received.bytes,
        hash: received.hash,
        caption: text,
      });
      this.#set({ pictures: inOrder([...this.#draft.pictures.filter((one) => one.original !== original), picture]) });
      await this.#save();
      if (earlier) await this.#removeFiles(earlier.name);
      return picture;
    } finally {
      this.#coming.pictures--;
      this.#coming.bytes -= most;
    }
  }

  /** Removes a picture. It can be restored until the studio ends. @throws FILE_NOT_FOUND */
  async removePicture(name: string): Promise<void> {
    const picture = this.#require(name);
    this.#set({ pictures: this.#draft.pictures.filter((one) => one.name !== name) });
    this.#removed.set(name, picture);
    await this.#save();
    await this.#writeCaption(name, "");
    await rename(path.join(this.pictures, name), path.join(this.folder, "removed", name));
  }

  /** Restores a removed picture to its place, with its caption. @throws FILE_NOT_FOUND, DRAFT_FULL */
  async restorePicture(name: string): Promise<DraftPicture> {
    const picture = this.#removed.get(name);
    if (!picture) throw noPicture(name);
    const held = this.#draft.pictures.reduce((sum, one) => sum + one.bytes, 0);
    requireRoomInDraft(this.#draft.pictures.length + 1, held + picture.bytes);
    this.#removed.delete(name);
    await rename(path.join(this.folder, "removed", name), path.join(this.pictures, name));
    await this.#writeCaption(name, picture.caption);
    this.#set({ pictures: inOrder([...this.#draft.pictures, picture]) });
    await this.#save();
    return picture;
  }

  /** The preview of a picture, or the whole picture. @throws FILE_NOT_FOUND */
  async readPicture(name: string, what: "preview" | "whole"): Promise<Uint8Array> {
    this.#require(name);
    if (what === "preview") return readFile(this.#previewFile(name));
    const handle = await openInside(this.pictures, name);
    return handle.readFile().finally(() => handle.close());
  }

  #require(name: string): DraftPicture {
    const picture = this.#draft.pictures.find((one) => one.name === name);
    if (picture) return picture;
    throw noPicture(name);
  }

  #withDoubles(picture: DraftPicture): DraftPicture {
    const { hash, original } = picture;
    const double = this.#draft.pictures.find((one) => one.hash === hash && one.original !== original);
    if (!double) return picture;
    const warning = { code: "PICTURE_DOUBLE", message: `It is the same file as ${double.original}.` };
    return { ...picture, warnings: [...picture.warnings, warning] };
  }

  #previewFile(name: string): string {
    return path.join(this.folder, "previews", `${name}.webp`);
  }

  async #writeCaption(name: string, text: string): Promise<void> {
    const file = path.join(this.pictures, `${path.parse(name).name}.txt`);
    if (text === "") await rm(file, { force: true });
    else await writeFileAtomically(file, `${text}\n`);
  }

  async #removeFiles(name: string): Promise<void> {
    await this.#writeCaption(name, "");
    for (const file of [path.join(this.pictures, name), this.#previewFile(name)]) await rm(file, { force: true });
  }

  #set(changes: Partial<Draft>): void {
    this.#draft = { ...this.#draft, ...changes, changedAt: new Date().toISOString() };
  }

  /** Writes the draft. Changes made while another write is under way are written together. */
  #save(): Promise<void> {
    this.#queued ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        this.#writing = writeFileAtomically(path.join(this.folder, "draft.json"), JSON.stringify(this.#draft));
        return this.#writing;
      });
    return this.#queued;
  }
}

/** Pictures in the order in which they started to arrive: names begin with their numbers. */
function inOrder(pictures: readonly DraftPicture[]): DraftPicture[] {
  return pictures.toSorted((a, b) => Number.parseInt(a.name, 10) - Number.parseInt(b.name, 10));
}

function noPicture(name: string): CoinageError {
  return new CoinageError("FILE_NOT_FOUND", `The draft has no picture ${JSON.stringify(name.slice(0, 80))}.`, {
    hint: "It may have been removed in another tab.",
  });
}
