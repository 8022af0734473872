import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { cachesFolder, type Environment, writeFileAtomically } from "../../files/index.ts";

/** The folder that caches blobs and the digests of files: `$COINAGE_CACHE/blobs`, or in the user's cache folder. */
export function blobFolder(environment: Environment): string {
  const { COINAGE_CACHE } = environment;
  if (COINAGE_CACHE && COINAGE_CACHE !== "off") return path.resolve(COINAGE_CACHE, "blobs");
  const caches = COINAGE_CACHE === "off" ? undefined : cachesFolder(environment, "LOCALAPPDATA");
  return caches === undefined ? path.join(os.tmpdir(), "coinage-blobs") : path.join(caches, "coinage", "blobs");
}

const schema = z.record(
  z.string(),
  z.object({ size: z.number(), mtimeMs: z.number(), ino: z.number(), sha256: z.string() }),
);

type Known = z.infer<typeof schema>;

/** SHA-256 digests of files, cached on disk by path, size and modification time, so that gigabytes of weights are hashed once. */
export class FileDigests {
  readonly #file: string;
  #known: Promise<Known> | undefined;

  /** folder: of the cache, `digests` in `hashes.json`. */
  constructor(folder: string) {
    this.#file = path.join(folder, "hashes.json");
  }

  /** The SHA-256 of a file. @throws the system's own error */
  async digestOf(file: string): Promise<string> {
    const { size, mtimeMs, ino } = await stat(file);
    this.#known ??= this.#read();
    const known = await this.#known;
    const found = known[file];
    if (found && found.size === size && found.mtimeMs === mtimeMs && found.ino === ino) return found.sha256;
    const sha256 = await digestOfFile(file);
    known[file] = { size, mtimeMs, ino, sha256 };
    await mkdir(path.dirname(this.#file), { recursive: true }).catch(() => {});
    // a cache that cannot be written only costs time
    await writeFileAtomically(this.#file, JSON.stringify(known)).catch(() => {});
    return sha256;
  }

  async #read(): Promise<Known> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#file, "utf8")));
    } catch {
      return {};
    }
  }
}

export async function digestOfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}
