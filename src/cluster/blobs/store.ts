import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CoinageError } from "../../errors/index.ts";
import { throwIfAborted } from "../../events/index.ts";
import { type HubPlace, hubFile } from "../../hub/index.ts";
import { digestOfFile, FileDigests } from "./digests.ts";
import { type BlobSource, reasonOf, requestFrom } from "./source.ts";

/** A file of weights that a run needs. */
export interface WantedFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Its path on the coordinator, which may be a shared disk. */
  readonly path?: string;
  /** Its place on the hub, if the coordinator has it from there. */
  readonly hub?: HubPlace;
}

export interface BlobStoreOptions {
  /** The cache. */
  readonly folder: string;
  /** Largest size of the cache. */
  readonly limitBytes: number;
  /** The user's own model folders, which are searched first. */
  readonly models: readonly string[];
  /** Aborting it ends downloads. */
  readonly signal?: AbortSignal | undefined;
}

/** Finds weights by digest: in the user's model folders, under the coordinator's path (a shared disk), in the cache, on the hub; else downloads them from the
 *  coordinator. A file with another digest is never used. */
export class BlobStore {
  readonly #options: BlobStoreOptions;
  readonly #digests: FileDigests;
  /** Digests that the run needs, which are never evicted. */
  readonly #inUse = new Set<string>();

  constructor(options: BlobStoreOptions) {
    this.#options = options;
    this.#digests = new FileDigests(options.folder);
  }

  /** Allows files of earlier runs to be evicted from the cache. */
  release(): void {
    this.#inUse.clear();
  }

  /** The path of a file on this machine. report: called during a download with the bytes so far. @throws CLUSTER_WEIGHTS, and the reason of the signal */
  async file(wanted: WantedFile, source: BlobSource, report: (bytes: number) => void = () => {}): Promise<string> {
    this.#inUse.add(wanted.sha256);
    return (
      (await this.#inModelFolders(wanted)) ??
      (await this.#cached(wanted)) ??
      (await this.#fromHub(wanted, report)) ??
      (await this.#fromCoordinator(wanted, source, report))
    );
  }

  /** Downloads a blob into memory. @throws CLUSTER_WEIGHTS */
  async bytes(sha256: string, source: BlobSource): Promise<Uint8Array> {
    const response = await this.#request(sha256, source, 0);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw damaged(sha256, "The coordinator's answer");
    return bytes;
  }

  async #inModelFolders({ sha256, bytes, path: shared }: WantedFile): Promise<string | undefined> {
    const own = await Promise.all(this.#options.models.map(filesIn));
    for (const file of [...own.flat(), ...(shared === undefined ? [] : [shared])]) {
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile() || found.size !== bytes) continue;
      if ((await this.#digests.digestOf(file).catch(() => undefined)) === sha256) return file;
    }
    return undefined;
  }

  async #cached({ sha256, bytes }: WantedFile): Promise<string | undefined> {
    const file = this.#pathOf(sha256);
    const found = await stat(file).catch(() => undefined);
    if (!found) return undefined;
    if (found.size === bytes && (await this.#digests.digestOf(file)) === sha256) {
      await utimes(file, new Date(), found.mtime).catch(() => {});
      return file;
    }
    await rm(file, { force: true });
    return undefined;
  }

  /** The file in the hub's cache, which other programs share, downloaded first if need be; undefined on any failure, since the coordinator has the file, too. */
  async #fromHub({ sha256, bytes, hub }: WantedFile, report: (bytes: number) => void): Promise<string | undefined> {
    const progress = (done: number): void => {
      throwIfAborted(this.#options.signal);
      report(done);
    };
    const file = hub && (await hubFile(hub, sha256, progress).catch(() => undefined));
    if (file === undefined || (await stat(file).catch(() => undefined))?.size !== bytes) return undefined;
    return (await this.#digests.digestOf(file).catch(() => undefined)) === sha256 ? file : undefined;
  }

  /** Downloads a file into the cache. It resumes an earlier download that was interrupted, and leaves its own for the next attempt. */
  async #fromCoordinator(
    { sha256, bytes }: WantedFile,
    source: BlobSource,
    report: (bytes: number) => void,
  ): Promise<string> {
    const file = this.#pathOf(sha256);
    const part = `${file}.part-${process.pid}-${randomBytes(2).toString("hex")}`;
    await this.#write(file, async () => {
      await mkdir(path.dirname(file), { recursive: true });
      await this.#makeRoom(bytes);
      await adoptPart(file, part);
    });
    try {
      return await this.#download(file, part, { sha256, bytes }, source, report);
    } catch (error) {
      // the next attempt resumes from it
      await rename(part, `${file}.part`).catch(() => {});
      throw error;
    }
  }

  /** Downloads into a `.part` file, which is renamed once its digest is right. */
  async #download(
    file: string,
    part: string,
    { sha256, bytes }: WantedFile,
    source: BlobSource,
    report: (bytes: number) => void,
  ): Promise<string> {
    let failures = 0;
    for (;;) {
      throwIfAborted(this.#options.signal);
      const start = (await stat(part).catch(() => undefined))?.size ?? 0;
      let problem: unknown;
      if (start < bytes) problem = await this.#downloadRest(sha256, source, part, start, report);
      const size = (await stat(part).catch(() => undefined))?.size ?? 0;
      if (size === bytes) break;
      if (size > bytes) await rm(part, { force: true });
      failures = size > start ? 0 : failures + 1;
      if (failures === 5) throw notFetched(sha256, problem ?? new Error(`only ${size} of ${bytes} bytes arrived`));
    }
    const found = await digestOfFile(part);
    if (found !== sha256) {
      await rm(part, { force: true });
      throw damaged(sha256, `The downloaded file (${found})`);
    }
    await chmod(part, 0o444).catch(() => {});
    await this.#write(file, () => rename(part, file));
    return file;
  }

  /** Appends what is missing. Gives the error of a connection that broke, which may be retried. @throws CLUSTER_WEIGHTS */
  async #downloadRest(
    sha256: string,
    source: BlobSource,
    part: string,
    start: number,
    report: (bytes: number) => void,
  ) {
    try {
      const response = await this.#request(sha256, source, start, this.#options.signal);
      const isRest = response.status === 206;
      let done = isRest ? start : 0;
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

  /** Requests a blob, and retries each second while the coordinator is busy with other workers. */
  async #request(sha256: string, source: BlobSource, start: number, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    for (;;) {
      const reply = await requestFrom(source, `blob/${sha256}`, { headers, timeoutMs: 60_000, signal });
      if ("response" in reply) return reply.response;
      throwIfAborted(signal);
      if (!reply.isBusy) throw notFetched(sha256, reply.problem);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  /** Evicts the least recently used files until so many bytes more fit into the cache. */
  async #makeRoom(bytes: number): Promise<void> {
    const found = await blobsIn(this.#options.folder);
    const whole = new Set(found.filter(({ isPart }) => !isPart).map(({ sha256 }) => sha256));
    let total = found.reduce((sum, { size }) => sum + size, bytes);
    for (const { file, sha256, size, isPart, isDownloading } of found.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      // a killed worker leaves its part, though another one has downloaded the file
      const isUseless = isPart && !isDownloading && whole.has(sha256);
      if (!isUseless && (total <= this.#options.limitBytes || this.#inUse.has(sha256) || isDownloading)) continue;
      await rm(file, { force: true });
      total -= size;
    }
  }

  /** @throws CLUSTER_WEIGHTS when the cache cannot be written */
  async #write(file: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw full(file, error);
    }
  }

  #pathOf(sha256: string): string {
    return path.join(this.#options.folder, "sha256", sha256.slice(0, 2), sha256);
  }
}

/** Reports a download of weights to the user at every tenth of its bytes. */
export function downloadProgress(bytes: number, say: (text: string) => void): (done: number) => void {
  let last = 0;
  return (done) => {
    const percent = Math.floor((100 * done) / bytes);
    if (percent < last + 10) return;
    last = percent;
    say(`fetching weights: ${percent} % of ${Math.round(bytes / 1e6)} MB`);
  };
}

/** A part that has not grown for so many milliseconds is abandoned: its worker was killed. */
const abandonedMs = 150_000;

/** Renames an abandoned part of a file to `part`, so that its download resumes. Workers of one machine share the cache, so others may be downloading it. */
async function adoptPart(file: string, part: string): Promise<void> {
  const folder = path.dirname(file);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${path.basename(file)}.part`)) continue;
    const found = path.join(folder, name);
    const mtimeMs = (await stat(found).catch(() => undefined))?.mtimeMs ?? 0;
    // another worker may be faster
    if (!isBeingDownloaded(found, mtimeMs)) await rename(found, part).catch(() => {});
  }
}

/** Whether a worker is downloading to this part. */
function isBeingDownloaded(part: string, mtimeMs: number): boolean {
  return !part.endsWith(".part") && Date.now() - mtimeMs <= abandonedMs;
}

/** The files of a cache, parts of downloads included. */
async function blobsIn(folder: string) {
  const found = await Promise.all(
    (await filesIn(folder)).map(async (file) => {
      const [, sha256, part] = /^([0-9a-f]{64})(\.part.*)?$/.exec(path.basename(file)) ?? [];
      // another worker may have removed or renamed it
      const facts = await stat(file).catch(() => undefined);
      if (sha256 === undefined || !facts) return [];
      const isPart = part !== undefined;
      const isDownloading = isPart && isBeingDownloaded(file, facts.mtimeMs);
      return [{ file, sha256, size: facts.size, usedAtMs: facts.atimeMs, isPart, isDownloading }];
    }),
  );
  return found.flat();
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
    hint: "Free some disk space, or use another folder: --cache FOLDER.",
    cause,
  });
}

function notFetched(sha256: string, cause: unknown): CoinageError {
  return new CoinageError("CLUSTER_WEIGHTS", `${sha256} cannot be fetched from the coordinator: ${reasonOf(cause)}.`, {
    hint: "Check that this machine can reach the coordinator, or copy the model into a folder here: --models FOLDER.",
    cause,
  });
}

function damaged(sha256: string, found: string): CoinageError {
  return new CoinageError(
    "CLUSTER_WEIGHTS",
    `${found} does not have the expected digest ${sha256}, and was discarded.`,
    {
      hint: "Was a file of the model changed during the run?",
    },
  );
}
