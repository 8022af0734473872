import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

interface DeliveryLimits {
  /** Of one file. */
  readonly fileBytes: number;
  /** Of all that were delivered and not taken. */
  readonly bytes: number;
}

/** Files that workers bring for jobs: `PUT /delivery/JOB/SHA256`. Each is written under another name, and gets that of its digest once all of it has come and
 *  has that digest. */
export class Deliveries {
  readonly #folder: string;
  readonly #limits: DeliveryLimits;
  /** Bytes of what lies here or is coming in, by job. */
  readonly #bytes = new Map<string, number>();

  /** @throws the system's own error */
  static async open(folder: string, limits: DeliveryLimits): Promise<Deliveries> {
    // what a process has left that was killed
    await rm(folder, { recursive: true, force: true });
    return new Deliveries(folder, limits);
  }

  private constructor(folder: string, limits: DeliveryLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  async receive(job: string, digest: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    const waiting = [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (!(length <= this.#limits.fileBytes && waiting + length <= this.#limits.bytes)) {
      response.writeHead(413, { connection: "close" }).end();
      return;
    }
    const target = this.fileOf(job, digest);
    const part = `${target}.${randomBytes(4).toString("hex")}.part`;
    this.#bytes.set(job, (this.#bytes.get(job) ?? 0) + length);
    try {
      await mkdir(path.dirname(target), { recursive: true });
      if ((await writeAndDigest(request, part, length)) !== digest) throw new Error("its digest is another");
      await rename(part, target);
      response.writeHead(201).end();
    } catch {
      await rm(part, { force: true }).catch(() => {});
      response.writeHead(422, { connection: "close" }).end();
    }
  }

  /** Where a file of a job lies, if it was delivered. */
  fileOf(job: string, digest: string): string {
    return path.join(this.#folder, job, digest);
  }

  /** What was delivered for a job, if it has so many bytes. */
  async read(job: string, digest: string, bytes: number): Promise<Uint8Array | undefined> {
    const found = await readFile(this.fileOf(job, digest)).catch(() => undefined);
    return found?.length === bytes ? new Uint8Array(found) : undefined;
  }

  /** Removes what was delivered for a job. */
  async drop(job: string): Promise<void> {
    this.#bytes.delete(job);
    await rm(path.join(this.#folder, job), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Writes what comes in, no more than was announced. @throws Error for more or less, and the system's own */
async function writeAndDigest(request: IncomingMessage, file: string, length: number): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Uint8Array, _, next) {
      bytes += piece.length;
      hash.update(piece);
      next(bytes > length ? new Error("more bytes than announced") : null, piece);
    },
  });
  await pipeline(request, counted, createWriteStream(file, { flags: "wx" }));
  if (bytes !== length) throw new Error("fewer bytes than announced");
  return hash.digest("hex");
}
