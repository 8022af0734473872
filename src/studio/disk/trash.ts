import { randomUUID } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath, makeFolder, readEarlierFile, reasonOf, writeFileAtomically } from "../../files/index.ts";

const schema = z.object({
  schema: z.literal(1),
  kind: z.enum(["run", "draft"]),
  /** Its name for people. */
  name: z.string(),
  /** Name of its folder, before and now. */
  folder: z.string(),
  /** When it was discarded, as an ISO date. */
  at: z.string(),
});

/** A run or draft in the trash. */
export type Discarded = z.infer<typeof schema> & { readonly id: string };

const idPattern = /^[0-9a-f-]{36}$/;

/** How long the trash keeps things, in milliseconds. */
const keptMs = 30 * 24 * 3_600_000;

/** Discarded runs and drafts: a folder for each, with a note of what it was. */
export class Trash {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Moves a folder into the trash and returns the id for `restore`. @throws OUTPUT_UNWRITABLE */
  async put(folder: string, { kind, name }: Pick<Discarded, "kind" | "name">): Promise<string> {
    const id = randomUUID();
    const own = path.join(this.#folder, id);
    makeFolder(own);
    const note = { schema: 1, kind, name, folder: path.basename(folder), at: new Date().toISOString() } as const;
    try {
      await writeFileAtomically(path.join(own, noteName), `${JSON.stringify(note satisfies z.infer<typeof schema>)}\n`);
      await rename(folder, path.join(own, note.folder));
    } catch (cause) {
      await rm(own, { recursive: true, force: true });
      throw new CoinageError("OUTPUT_UNWRITABLE", `The folder cannot be moved to the trash (${reasonOf(cause)}).`, {
        where: folder,
        hint: "It may be in use by another program, read-only, or on another disk than the trash. Delete it by hand.",
        cause,
      });
    }
    return id;
  }

  /** The contents of the trash, the last discarded first. */
  async list(): Promise<readonly Discarded[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(names.map((name) => this.#find(name)));
    return found.filter((one) => one !== undefined).sort((a, b) => b.at.localeCompare(a.at));
  }

  /** Moves something back into the folder of its kind, under a new name if its own is taken, and returns its path. @throws FILE_NOT_FOUND, OUTPUT_EXISTS */
  async restore(
    id: string,
    parents: Readonly<Record<Discarded["kind"], string>>,
  ): Promise<{ readonly kind: Discarded["kind"]; readonly folder: string }> {
    const found = await this.#find(id);
    if (!found)
      throw new CoinageError("FILE_NOT_FOUND", "It is no longer in the trash.", {
        hint: "It was brought back already, or thrown away more than 30 days ago.",
      });
    const parent = parents[found.kind];
    makeFolder(parent);
    const folder = await freeName(parent, found);
    const own = path.join(this.#folder, id);
    await rename(path.join(own, found.folder), folder);
    await rm(own, { recursive: true, force: true });
    return { kind: found.kind, folder };
  }

  /** Deletes what was discarded more than 30 days ago. */
  async empty(now = Date.now()): Promise<void> {
    for (const { id, at } of await this.list())
      if (now - Date.parse(at) > keptMs) await rm(path.join(this.#folder, id), { recursive: true, force: true });
  }

  /** Undefined for foreign folders, which are not touched. */
  async #find(id: string): Promise<Discarded | undefined> {
    if (!idPattern.test(id)) return undefined;
    const bytes = await readEarlierFile(path.join(this.#folder, id, noteName));
    try {
      const note = schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
      const isInside = path.basename(note.folder) === note.folder && !note.folder.startsWith(".");
      return isInside && !Number.isNaN(Date.parse(note.at)) ? { ...note, id } : undefined;
    } catch {
      return undefined;
    }
  }
}

const noteName = "trash.json";

/** A free path in the parent folder. @throws OUTPUT_EXISTS for a draft, whose id is its name */
async function freeName(parent: string, { kind, folder, name }: Discarded): Promise<string> {
  for (let number = 1; ; number++) {
    const free = path.join(parent, number === 1 ? folder : `${folder}_${number}`);
    if ((await kindOfPath(free)) === "nothing") return free;
    if (kind === "draft")
      throw new CoinageError("OUTPUT_EXISTS", `There is a draft of the same id as ${JSON.stringify(name)} again.`, {
        hint: "Discard that one first.",
      });
  }
}
