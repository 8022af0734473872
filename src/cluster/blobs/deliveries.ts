import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

interface DeliveryLimits {
  /** Of a single file. */
  readonly fileBytes: number;
  /** Of all files that are here: delivered or coming in, and not yet dropped. */
  readonly bytes: number;
}

/** Files that workers deliver for jobs: `PUT /delivery/JOB/SHA256`. Each is written under a temporary name and renamed to its digest once it is complete and
 *  the digest is right. */
export class Deliveries {
  readonly #folder: string;
  readonly #limits: DeliveryLimits;
  /** Bytes delivered or coming in, by job. */
  readonly #bytes = new Map<string, number>();

  /** Opens an empty folder for deliveries. @throws the system's own error */
  static async open(folder: string, limits: DeliveryLimits): Promise<Deliveries> {
    // leftovers of a process that was killed
    await rm(folder, { recursive: true, force: true });
    return new Deliveries(folder, limits);
  }

  private constructor(folder: string, limits: DeliveryLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Answers a PUT: 201; 413 beyond the limits; 422 for a body that has another length or digest, or cannot be written. */
  async receive(job: string, digest: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    const total = [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (!(length <= this.#limits.fileBytes && total + length <= this.#limits.bytes)) {
      response.writeHead(413, { connection: "close" }).end();
      return;
    }
    const target = this.fileOf(job, digest);
    const part = `${target}.${randomBytes(4).toString("hex")}.part`;
    this.#bytes.set(job, (this.#bytes.get(job) ?? 0) + length);
    try {
      await mkdir(path.dirname(target), { recursive: true });
      if ((await writeAndDigest(request, part, length)) !== digest) throw new Error("another digest");
      await rename(part, target);
      response.writeHead(201).end();
    } catch {
      await rm(part, { force: true }).catch(() => {});
      response.writeHead(422, { connection: "close" }).end();
    }
  }

  /** The path of a job's file, whether it was delivered or not. */
  fileOf(job: string, digest: string): string {
    return path.join(this.#folder, job, digest);
  }

  /** A delivered file; undefined if there is none of that length. bytes: its length. */
  async read(job: string, digest: string, bytes: number): Promise<Uint8Array | undefined> {
    const found = await readFile(this.fileOf(job, digest)).catch(() => undefined);
    return found?.length === bytes ? new Uint8Array(found) : undefined;
  }

  /** Removes all files of a job. */
  async drop(job: string): Promise<void> {
    this.#bytes.delete(job);
    await rm(path.join(this.#folder, job), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Writes the body of a request to a file, and gives its SHA-256. length: from the request's header. @throws Error when the body has another length, and the
 *  system's own errors */
async function writeAndDigest(request: IncomingMessage, file: string, length: number): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Uint8Array, _, next) {
      bytes += piece.length;
      hash.update(piece);
      next(bytes > length ? new Error("the body is longer than its Content-Length") : null, piece);
    },
  });
  await pipeline(request, counted, createWriteStream(file, { flags: "wx" }));
  if (bytes !== length) throw new Error("the body is shorter than its Content-Length");
  return hash.digest("hex");
}
