import { batch, signal } from "@preact/signals";
import type { Check } from "../../../../checking/check.ts";
import type { Fix } from "../../../../checking/fixes.ts";
import type { WordFacts } from "../../../../checking/word.ts";
import type { Draft, DraftPicture } from "../../../../drafts/draft.ts";
import type { Problem } from "../../../../http/problems.ts";
import { ask, problemIn, sendFile } from "../../../live/index.ts";
import type { ChosenFile } from "./dropped-files.ts";
import {
  type Captions,
  type Fields,
  mended,
  newFields,
  renamed,
  sorted,
  usualPrompt,
  withCaptions,
  withPrompts,
} from "./fields.ts";
import { Uploads } from "./uploads.ts";

/** Waits in milliseconds: from a change to its save, from a save to the check, from a letter of a word to its check, and before a failed save is retried. */
const [saveMs, checkMs, wordMs, retryMs] = [300, 250, 80, 4000];

/** Facts about a word, with a fix for its problem. */
type Facts = Omit<WordFacts, "problem"> & { readonly problem?: Problem & { readonly fix?: Fix } };

export type Saving =
  | { readonly state: "new" | "saved" | "unsaved" | "saving" }
  | { readonly state: "failed"; readonly problem: Problem };

/** A draft being edited: what the page shows, kept in sync with the studio. */
export class Editor {
  readonly id: string;
  readonly fields = signal<Fields>(newFields);
  readonly pictures = signal<readonly DraftPicture[]>([]);
  readonly saving = signal<Saving>({ state: "new" });
  /** The studio's draft, if it was changed elsewhere. */
  readonly conflict = signal<Draft | undefined>(undefined);
  readonly check = signal<Check | undefined>(undefined);
  readonly checking = signal<{ readonly isUnderWay: boolean; readonly problem?: Problem }>({ isUnderWay: false });
  readonly facts = signal<Facts | undefined>(undefined);
  /** The run the draft was made from. */
  readonly from = signal<Draft["from"]>(undefined);
  readonly uploads: Uploads<{ picture: DraftPicture }>;
  /** Called when a new draft has been made. */
  readonly #onMade: () => void;
  #isMade = false;
  #revision = 0;
  #isDirty = false;
  #captions: Captions = {};
  #flight: Promise<void> = Promise.resolve();
  #checks = 0;
  #questions = 0;
  readonly #timers: Record<"save" | "check" | "word", number> = { save: 0, check: 0, word: 0 };

  constructor(id: string, onMade: () => void = () => {}) {
    this.id = id;
    this.#onMade = onMade;
    this.uploads = new Uploads<{ picture: DraftPicture }>(
      ({ name, file }, options) => sendFile(this.#route(`/pictures/${encodeURIComponent(name)}`), file, options),
      ({ picture }, file) => this.#takePictures([picture], file),
      problemIn,
    );
  }

  /** The saved revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Returns a function that reverts all changes made between now and its call. */
  undo(): () => void {
    const [fields, pictures] = [this.fields.value, this.pictures.value];
    return () => this.change(fields, Object.fromEntries(pictures.map(({ name, caption }) => [name, caption])));
  }

  #route(rest = ""): string {
    return `/api/drafts/${this.id}${rest}`;
  }

  /** Shows a draft from the studio. */
  load(draft: Draft): void {
    const { word, model, settings, prompts, pictures, revision, from } = draft;
    batch(() => {
      this.from.value = from;
      this.fields.value = { word, model, settings, prompts };
      this.pictures.value = sorted(pictures);
      this.conflict.value = undefined;
      this.saving.value = { state: "saved" };
    });
    [this.#isMade, this.#revision, this.#isDirty, this.#captions] = [true, revision, false, {}];
    this.#askWord();
    this.checkSoon(0);
  }

  /** Chooses a model if none is chosen; that alone does not make a draft. */
  suggest(model: Exclude<Fields["model"], null>): void {
    const fields = this.fields.value;
    if (fields.model !== null) return;
    if (this.#isMade || this.#isDirty) this.change({ ...fields, model });
    else this.fields.value = { ...fields, model };
  }

  change(fields: Fields, captions: Captions = {}): void {
    const before = this.fields.value;
    batch(() => {
      this.fields.value = fields;
      if (Object.keys(captions).length > 0) this.pictures.value = withCaptions(this.pictures.value, captions);
    });
    this.#captions = { ...this.#captions, ...captions };
    const isOtherWord = (["word", "settings"] as const).some((key) => fields[key] !== before[key]);
    if (isOtherWord) this.#askWord();
    this.#touch();
  }

  /** Applies a fix. */
  async mend(fix: Fix): Promise<void> {
    const { fields, captions, without } = mended(this.fields.value, this.pictures.value, fix);
    this.change(fields, captions);
    for (const name of without) await this.remove(name);
  }

  /** Renames the word in captions and prompts once its new name is complete. before: the earlier name. Returns the number of captions changed. */
  nameWord(before: string): number {
    const { fields: now, captions } = renamed(this.fields.value, this.pictures.value, {
      from: before,
      to: this.fields.value.word,
    });
    const isFirst = before === "" && now.word !== "" && now.prompts.length === 0;
    const fields = isFirst ? withPrompts(now, [usualPrompt(now)]) : now;
    const isSame = fields.prompts.join("\n") === this.fields.value.prompts.join("\n");
    if (!isSame || Object.keys(captions).length > 0) this.change(fields, captions);
    return Object.keys(captions).length;
  }

  async remove(name: string): Promise<void> {
    await this.flush();
    await ask("DELETE", this.#route(`/pictures/${encodeURIComponent(name)}`));
    this.pictures.value = this.pictures.value.filter((picture) => picture.name !== name);
    this.checkSoon();
  }

  async restore(name: string): Promise<void> {
    const { picture } = await ask<{ picture: DraftPicture }>(
      "POST",
      this.#route(`/pictures/${encodeURIComponent(name)}/restore`),
    );
    this.pictures.value = sorted([...this.pictures.value, picture]);
    this.checkSoon();
  }

  /** Copies the pictures of a folder on the studio's machine. Returns those that were refused. */
  async takeFolder(root: string, path: readonly string[]) {
    const { taken, refused } = await ask<{
      taken: readonly DraftPicture[];
      refused: readonly { readonly original: string; readonly problem: Problem }[];
    }>("POST", this.#route("/folder"), { body: { root, path } });
    this.#takePictures(taken);
    return { taken: taken.length, refused };
  }

  /** Adds pictures, replacing those of the same name. file: the sent file, for a single picture. */
  #takePictures(taken: readonly DraftPicture[], file?: ChosenFile): void {
    const [originals, names] = [new Set(taken.map(({ original }) => original)), new Set(taken.map(({ name }) => name))];
    const others = this.pictures.value.filter(({ original, name }) => !originals.has(original) && !names.has(name));
    this.pictures.value = sorted([...others, ...taken]);
    if (!this.#isMade) this.#touch();
    const [picture] = taken;
    const { caption } = file ?? {};
    if (picture && caption !== undefined && picture.caption === "")
      this.change(this.fields.value, { [picture.name]: caption });
    else this.checkSoon();
  }

  #touch(): void {
    this.#isDirty = true;
    if (this.saving.value.state !== "saving") this.saving.value = { state: "unsaved" };
    clearTimeout(this.#timers.save);
    this.#timers.save = setTimeout(() => this.flush(), saveMs) as unknown as number;
  }

  /** Saves pending changes. Failures show in `saving` and `conflict`. */
  flush(): Promise<void> {
    clearTimeout(this.#timers.save);
    this.#flight = this.#flight.then(() => this.#save());
    return this.#flight;
  }

  async #save(): Promise<void> {
    if (!this.#isDirty || this.conflict.value) return;
    const captions = this.#captions;
    [this.#isDirty, this.#captions] = [false, {}];
    this.saving.value = { state: "saving" };
    try {
      const body = { revision: this.#revision, ...this.fields.value, captions: this.#ofPictures(captions) };
      const { draft } = await ask<{ draft: Draft }>("PUT", this.#route(), { body });
      this.#revision = draft.revision;
      if (!this.#isMade) this.#onMade();
      this.#isMade = true;
      this.saving.value = { state: this.#isDirty ? "unsaved" : "saved" };
      this.checkSoon();
    } catch (error) {
      const problem = problemIn(error);
      [this.#isDirty, this.#captions] = [true, { ...captions, ...this.#captions }];
      this.saving.value = { state: "failed", problem };
      if (problem.code === "DRAFT_CHANGED")
        this.conflict.value = (await ask<{ draft: Draft }>("GET", this.#route())).draft;
      else if (problem.code === "UNREACHABLE")
        this.#timers.save = setTimeout(() => this.flush(), retryMs) as unknown as number;
    }
  }

  /** Captions without those of pictures removed meanwhile. */
  #ofPictures(captions: Captions): Captions {
    const names = new Set(this.pictures.value.map(({ name }) => name));
    return Object.fromEntries(Object.entries(captions).filter(([name]) => names.has(name)));
  }

  /** Ends a conflict by showing the studio's draft, or replacing it with this one. */
  resolve(keep: "theirs" | "mine"): void {
    const theirs = this.conflict.value;
    if (!theirs) return;
    if (keep === "theirs") {
      this.load(theirs);
      return;
    }
    const mine = Object.fromEntries(this.pictures.value.map(({ name, caption }) => [name, caption]));
    this.#revision = theirs.revision;
    this.pictures.value = sorted(theirs.pictures);
    this.conflict.value = undefined;
    this.change(this.fields.value, this.#ofPictures(mine));
  }

  /** Loads changes made elsewhere, unless changes here would be lost. */
  async look(): Promise<void> {
    await this.flush();
    if (!this.#isMade || this.#isDirty || this.uploads.coming > 0) return;
    const { draft } = await ask<{ draft: Draft }>("GET", this.#route());
    const namesOf = (pictures: readonly DraftPicture[]) =>
      sorted(pictures)
        .map(({ name }) => name)
        .join();
    const isOther = draft.revision !== this.#revision || namesOf(draft.pictures) !== namesOf(this.pictures.value);
    if (isOther && !this.#isDirty) this.load(draft);
  }

  /** Checks the saved draft once nothing has changed for a moment. */
  checkSoon(wait = checkMs): void {
    clearTimeout(this.#timers.check);
    this.#timers.check = setTimeout(() => this.#check(), wait) as unknown as number;
  }

  async #check(): Promise<void> {
    if (!this.#isMade) return;
    const mine = ++this.#checks;
    this.checking.value = { isUnderWay: true };
    try {
      const check = await ask<Check>("POST", this.#route("/check"));
      if (mine !== this.#checks) return;
      // the recipe may have chosen the number of vectors
      if (check.run?.tokens.length !== this.check.value?.run?.tokens.length) this.#askWord();
      this.check.value = check;
      this.checking.value = { isUnderWay: false };
    } catch (error) {
      if (mine === this.#checks) this.checking.value = { isUnderWay: false, problem: problemIn(error) };
    }
  }

  #askWord(): void {
    clearTimeout(this.#timers.word);
    this.#timers.word = setTimeout(() => this.#readWord().catch(() => {}), wordMs) as unknown as number;
  }

  async #readWord(): Promise<void> {
    const mine = ++this.#questions;
    const { word, settings } = this.fields.value;
    const { init_word: init = "", num_vectors_per_token: vectors = this.check.value?.run?.tokens.length ?? 1 } =
      settings;
    const query = new URLSearchParams({ word, init: String(init), vectors: String(vectors) });
    const facts = await ask<Facts>("GET", `/api/words?${query}`);
    if (mine === this.#questions) this.facts.value = facts;
  }

  /** Saves pending changes, then stops all requests. */
  close(): void {
    this.flush();
    this.uploads.stop();
    clearTimeout(this.#timers.check);
    clearTimeout(this.#timers.word);
  }
}
