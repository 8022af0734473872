import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { fingerprint, openCheckpoint } from "../checkpoint/index.ts";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import { namedAs } from "../pictures/index.ts";
import type { RunPlaces } from "./folder.ts";

const schema = z.looseObject({
  schema: z.literal(1),
  /** Its model, with a fingerprint of each of its parts. */
  model: z.looseObject({ path: z.string(), parts: z.record(z.string(), z.string()) }).optional(),
  /** Its images. file: name in the run's own folder of images, or the absolute path of an image elsewhere; original: its name before it was copied. */
  pictures: z
    .array(z.looseObject({ file: z.string(), original: z.string().optional(), sha256: z.string().optional() }))
    .default([]),
});

/** The model and images of a run. Not in its record, which is read for every run of a list and has to be small. */
export type RunSources = z.infer<typeof schema>;

/** The recorded sources of a run; empty if there are none. */
export async function readSources({ sources }: RunPlaces): Promise<RunSources> {
  const bytes = await readEarlierFile(sources);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return { schema: 1, pictures: [] };
  }
}

/** @throws OUTPUT_UNWRITABLE */
export async function writeSources({ sources }: RunPlaces, contents: Omit<RunSources, "schema">): Promise<void> {
  await writeFileAtomically(sources, `${JSON.stringify({ schema: 1, ...contents })}\n`);
}

/** Bytes hashed at a time: hashing blocks the training's thread. */
const pieceBytes = 1 << 20;
/** Share of the time that hashing takes while the run trains. */
const share = 0.1;
/** How long hashing may go on after the run has ended, in milliseconds. */
const hurryMs = 1000;

/** Paths of a run's model and images. */
interface SourcePlaces {
  /** Path of the model. */
  readonly model: string;
  /** Folders of images. */
  readonly folders: readonly string[];
}

/** Records the sources of a run: fingerprints of the model's parts, and the SHA-256 of each image, slowly while the run trains. */
export class SourceNotes {
  readonly #stop = new AbortController();
  #isHurried = false;
  #work: Promise<void> = Promise.resolve();

  /** Starts recording; what an earlier session recorded is reused. Unreadable files are left out: the training reports them itself. */
  begin(places: RunPlaces, sources: SourcePlaces): void {
    this.#work = this.#note(places, sources).catch(() => {});
  }

  /** Finishes in a hurry; nothing is written after it. */
  async end(): Promise<void> {
    this.#isHurried = true;
    const late = setTimeout(() => this.#stop.abort(), hurryMs);
    await this.#work;
    clearTimeout(late);
  }

  async #note(places: RunPlaces, { model, folders }: SourcePlaces): Promise<void> {
    const known = await readSources(places);
    const ofModel = known.model?.path === model ? known.model : { path: model, parts: await fingerprintsOf(model) };
    await writeSources(places, { ...known, model: ofModel });
    const files = await imagesIn(folders);
    const named = new Map(known.pictures.map((picture) => [picture.file, picture]));
    const pictures: RunSources["pictures"] = [];
    for (const full of files) {
      const file = ownName(places, full);
      const before = named.get(file);
      pictures.push({ ...before, file, sha256: before?.sha256 ?? (await this.#hashOf(full)) });
    }
    await writeSources(places, { ...known, model: ofModel, pictures });
  }

  async #hashOf(file: string): Promise<string> {
    const hash = createHash("sha256");
    const handle = await open(file, "r");
    try {
      for (const piece = Buffer.allocUnsafe(pieceBytes); ; ) {
        this.#stop.signal.throwIfAborted();
        const begun = performance.now();
        const { bytesRead } = await handle.read(piece, 0, pieceBytes, null);
        if (bytesRead === 0) return hash.digest("hex");
        hash.update(piece.subarray(0, bytesRead));
        if (!this.#isHurried) await pause((performance.now() - begun) * (1 / share - 1));
      }
    } finally {
      await handle.close();
    }
  }
}

async function fingerprintsOf(model: string): Promise<Record<string, string>> {
  const { unet, vae, textEncoder, textEncoder2 } = await openCheckpoint(model);
  const parts = { unet, vae, textEncoder, ...(textEncoder2 && { textEncoder2 }) };
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, fingerprint(part)]));
}

async function imagesIn(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    const names = (await readdir(folder)).filter((name) => namedAs(name) === "picture");
    found.push(...names.sort().map((name) => path.join(folder, name)));
  }
  return found;
}

/** The name of an image in the run's own folder; the path of any other. */
function ownName({ pictures }: RunPlaces, file: string): string {
  return path.dirname(path.resolve(file)) === pictures ? path.basename(file) : path.resolve(file);
}
