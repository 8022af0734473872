import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CoinageError } from "../../errors/index.ts";
import { throwIfAborted } from "../../events/index.ts";
import { type HubPlace, hubFile } from "../../hub/index.ts";
import { digestOfFile, FileHashes } from "./hashes.ts";
import { askSource, type BlobSource, reasonOf } from "./source.ts";

/** A file that a run needs. */
export interface WantedFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Where the coordinator has it. */
  readonly path?: string;
  /** Where on the hub it comes from. */
  readonly hub?: HubPlace;
}

export interface BlobStoreOptions {
  /** Where what was fetched is kept. */
  readonly folder: string;
  /** Most bytes of it. */
  readonly limitBytes: number;
  /** Folders of the owner's models, which are looked into first. */
  readonly models: readonly string[];
  /** Aborted: no file is fetched any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Gets files by their digests: from the owner's folders, from the path that the coordinator has them under, from what was fetched earlier, from the hub, or
 *  from the coordinator. Nothing is used that has another digest. */
export class BlobStore {
  readonly #options: BlobStoreOptions;
  readonly #hashes: FileHashes;
  /** Not to be removed. */
  readonly #inUse = new Set<string>();

  constructor(options: BlobStoreOptions) {
    this.#options = options;
    this.#hashes = new FileHashes(options.folder);
  }

  /** Lets files be removed again that earlier runs were in need of. */
  release(): void {
    this.#inUse.clear();
  }

  /** The path of a file on this machine. report: called as bytes come in. @throws CLUSTER_WEIGHTS, and the reason of the signal */
  async file(wanted: WantedFile, source: BlobSource, report: (bytes: number) => void = () => {}): Promise<string> {
    this.#inUse.add(wanted.sha256);
    return (
      (await this.#ofOwner(wanted)) ??
      (await this.#cached(wanted)) ??
      (await this.#ofHub(wanted, report)) ??
      (await this.#fetched(wanted, source, report))
    );
  }

  /** Bytes small enough for memory. @throws CLUSTER_WEIGHTS */
  async bytes(sha256: string, source: BlobSource): Promise<Uint8Array> {
    const response = await this.#ask(sha256, source, 0);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw damaged(sha256, "what the coordinator sent");
    return bytes;
  }

  async #ofOwner({ sha256, bytes, path: shared }: WantedFile): Promise<string | undefined> {
    const own = await Promise.all(this.#options.models.map(filesIn));
    for (const file of [...own.flat(), ...(shared === undefined ? [] : [shared])]) {
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile() || found.size !== bytes) continue;
      if ((await this.#hashes.digestOf(file).catch(() => undefined)) === sha256) return file;
    }
    return undefined;
  }

  async #cached({ sha256, bytes }: WantedFile): Promise<string | undefined> {
    const file = this.#place(sha256);
    const found = await stat(file).catch(() => undefined);
    if (!found) return undefined;
    if (found.size === bytes && (await this.#hashes.digestOf(file)) === sha256) {
      await utimes(file, new Date(), found.mtime).catch(() => {});
      return file;
    }
    await rm(file, { force: true });
    return undefined;
  }

  /** The file in the cache that all programs share, fetched from the hub first; undefined where the hub is no help, whatever the reason: the coordinator is. */
  async #ofHub({ sha256, bytes, hub }: WantedFile, report: (bytes: number) => void): Promise<string | undefined> {
    const told = (done: number): void => {
      throwIfAborted(this.#options.signal);
      report(done);
    };
    const file = hub && (await hubFile(hub, sha256, told).catch(() => undefined));
    if (file === undefined || (await stat(file).catch(() => undefined))?.size !== bytes) return undefined;
    return (await this.#hashes.digestOf(file).catch(() => undefined)) === sha256 ? file : undefined;
  }

  /** Fetches a file under another name, going on where an earlier attempt ended, and gives it its name once its digest is right. */
  async #fetched({ sha256, bytes }: WantedFile, source: BlobSource, report: (bytes: number) => void): Promise<string> {
    const file = this.#place(sha256);
    const part = `${file}.part-${process.pid}-${randomBytes(2).toString("hex")}`;
    await this.#writing(file, async () => {
      await mkdir(path.dirname(file), { recursive: true });
      await this.#makeRoom(bytes);
      await takeOver(file, part);
    });
    try {
      return await this.#fetchedAs(file, part, { sha256, bytes }, source, report);
    } catch (error) {
      // for the next attempt
      await rename(part, `${file}.part`).catch(() => {});
      throw error;
    }
  }

  async #fetchedAs(
    file: string,
    part: string,
    { sha256, bytes }: WantedFile,
    source: BlobSource,
    report: (bytes: number) => void,
  ): Promise<string> {
    let failures = 0;
    for (;;) {
      throwIfAborted(this.#options.signal);
      const there = (await stat(part).catch(() => undefined))?.size ?? 0;
      let problem: unknown;
      if (there < bytes) problem = await this.#fetchRest(sha256, source, part, there, report);
      const size = (await stat(part).catch(() => undefined))?.size ?? 0;
      if (size === bytes) break;
      if (size > bytes) await rm(part, { force: true });
      failures = size > there ? 0 : failures + 1;
      if (failures === 5) throw notFetched(sha256, problem ?? new Error(`${size} of ${bytes} bytes came`));
    }
    const found = await digestOfFile(part);
    if (found !== sha256) {
      await rm(part, { force: true });
      throw damaged(sha256, `a file that has ${found}`);
    }
    await chmod(part, 0o444).catch(() => {});
    await this.#writing(file, () => rename(part, file));
    return file;
  }

  async #fetchRest(sha256: string, source: BlobSource, part: string, there: number, report: (bytes: number) => void) {
    try {
      const response = await this.#ask(sha256, source, there, this.#options.signal);
      const isRest = response.status === 206;
      let done = isRest ? there : 0;
      const counted = new Transform({
        transform(piece: Uint8Array, _, next) {
          done += piece.length;
          report(done);
          next(null, piece);
        },
      });
      const target = createWriteStream(part, { flags: isRest ? "a" : "w" });
      await pipeline(Readable.fromWeb(response.body as never), counted, target);
      return undefined;
    } catch (error) {
      if (error instanceof CoinageError || isDiskProblem(error))
        throw error instanceof CoinageError ? error : full(part, error);
      return error;
    }
  }

  /** Asks the coordinator, and waits where it serves others first. */
  async #ask(sha256: string, source: BlobSource, start: number, stop?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    for (;;) {
      const said = await askSource(source, `blob/${sha256}`, { headers, timeoutMs: 60_000, stop });
      if ("response" in said) return said.response;
      throwIfAborted(stop);
      if (!said.isBusy) throw notFetched(sha256, said.problem);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  /** Removes what was used least lately, until there is room. */
  async #makeRoom(bytes: number): Promise<void> {
    const found = await Promise.all(
      (await filesIn(this.#options.folder))
        .filter((file) => /^[0-9a-f]{64}$/.test(path.basename(file)))
        .map(async (file) => ({ file, ...(await stat(file).then(({ size, atimeMs }) => ({ size, atimeMs }))) })),
    );
    let total = found.reduce((sum, { size }) => sum + size, bytes);
    for (const { file, size } of found.sort((a, b) => a.atimeMs - b.atimeMs)) {
      if (total <= this.#options.limitBytes) return;
      if (this.#inUse.has(path.basename(file))) continue;
      await rm(file, { force: true });
      total -= size;
    }
  }

  async #writing(file: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw full(file, error);
    }
  }

  #place(sha256: string): string {
    return path.join(this.#options.folder, "sha256", sha256.slice(0, 2), sha256);
  }
}

/** Nothing has come for so long, in milliseconds: whoever fetched a part is gone. */
const abandonedMs = 150_000;

/** Makes what is there of a file, and nobody fetches any more, the part of one who fetches the rest: workers of one machine share the folder. */
async function takeOver(file: string, part: string): Promise<void> {
  const folder = path.dirname(file);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${path.basename(file)}.part`)) continue;
    const found = path.join(folder, name);
    const isLeft =
      name.endsWith(".part") || Date.now() - ((await stat(found).catch(() => undefined))?.mtimeMs ?? 0) > abandonedMs;
    // another worker may be quicker
    if (isLeft) await rename(found, part).catch(() => {});
  }
}

/** Regular files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function isDiskProblem(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EIO"].includes(code);
}

function full(file: string, cause: unknown): CoinageError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new CoinageError("CLUSTER_WEIGHTS", `${file} cannot be written (${reason}).`, {
    hint: "Make room, or give another folder: --cache FOLDER.",
    cause,
  });
}

function notFetched(sha256: string, cause: unknown): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${sha256} cannot be fetched from the coordinator: ${reasonOf(cause)}.`, {
    hint: "Check that this machine reaches the coordinator, or put the model into a folder here and name it: --models FOLDER.",
    cause,
  });
}

function damaged(sha256: string, found: string): CoinageError {
  return new CoinageError(
    "CLUSTER_WEIGHTS",
    `${sha256} was expected, and ${found} does not have this digest. It was thrown away.`,
    {
      hint: "Was the model changed while the run uses it?",
    },
  );
}
