import { timingSafeEqual } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import type { Deliveries } from "./deliveries.ts";

/** Files are given out so many at a time: the network is the run's, too. */
const mostStreams = 2;
/** Who has taken nothing for so long, in milliseconds, is cut off: a machine that is gone would hold its place for hours. */
const stalledMs = 60_000;

/** Gives the coordinator's files and latents to workers that know the token, by their digest: `GET /blob/SHA256`, also in parts. Takes what they bring, where
 *  that is expected. */
export class BlobServer {
  readonly #files = new Map<string, string>();
  readonly #kept = new Map<string, Uint8Array>();
  readonly #token: string;
  readonly #server: Server;
  readonly #deliveries: Deliveries | undefined;
  #streams = 0;

  static async open(
    token: string,
    host: string | undefined,
    deliveries?: Deliveries,
    patienceMs = stalledMs,
  ): Promise<BlobServer> {
    const blobs = new BlobServer(token, deliveries, patienceMs);
    await new Promise<void>((resolve, reject) => {
      blobs.#server.once("error", reject);
      blobs.#server.listen({ port: 0, host: host ?? "::" }, resolve);
    }).catch(
      () =>
        new Promise<void>((resolve, reject) => {
          // a machine without IPv6
          blobs.#server.once("error", reject);
          blobs.#server.listen({ port: 0, host: host ?? "0.0.0.0" }, resolve);
        }),
    );
    blobs.#server.unref();
    return blobs;
  }

  private constructor(token: string, deliveries: Deliveries | undefined, patienceMs: number) {
    this.#token = token;
    this.#deliveries = deliveries;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.timeout = patienceMs;
  }

  /** Addresses under which other machines may reach it. isLocal: none but this one will ask. */
  urls(isLocal: boolean): string[] {
    const { port } = this.#server.address() as AddressInfo;
    const here = `http://127.0.0.1:${port}`;
    if (isLocal) return [here];
    const addresses = Object.values(os.networkInterfaces()).flatMap((entries) => entries ?? []);
    const outer = addresses.filter(({ internal, scopeid }) => !internal && !scopeid);
    return [
      ...outer.map(({ address, family }) => `http://${family === "IPv6" ? `[${address}]` : address}:${port}`),
      here,
    ];
  }

  addFile(digest: string, file: string): void {
    this.#files.set(digest, file);
  }

  /** Keeps bytes as they are, for good. */
  keep(digest: string, bytes: Uint8Array): void {
    this.#kept.set(digest, bytes);
  }

  drop(digest: string): void {
    this.#kept.delete(digest);
  }

  kept(digest: string): Uint8Array | undefined {
    return this.#kept.get(digest);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = "" } = request;
    const [, digest = ""] = /^\/blob\/([0-9a-f]{64})$/.exec(url) ?? [];
    const [, job, delivered] = /^\/delivery\/([\w-]{1,40})\/([0-9a-f]{64})$/.exec(url) ?? [];
    const bytes = this.#kept.get(digest);
    const file = this.#files.get(digest);
    if (!isEqual(request.headers.authorization ?? "", `Bearer ${this.#token}`)) refuse(response, 401);
    else if (request.method === "PUT" && this.#deliveries && job !== undefined && delivered !== undefined)
      void this.#deliveries.receive(job, delivered, request, response);
    else if (request.method === "GET" && bytes) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    else if (request.method !== "GET" || file === undefined) refuse(response, 404);
    else if (this.#streams >= mostStreams) refuse(response, 503);
    else this.#stream(file, request, response);
  }

  #stream(file: string, request: IncomingMessage, response: ServerResponse): void {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    if (start >= size) {
      refuse(response, 416);
      return;
    }
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": size - start,
      ...(start > 0 && { "content-range": `bytes ${start}-${size - 1}/${size}` }),
    });
    this.#streams++;
    const stream = createReadStream(file, { start });
    response.on("close", () => {
      this.#streams--;
      stream.destroy();
    });
    stream.on("error", () => response.destroy());
    stream.pipe(response);
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 503 ? { "retry-after": "1" } : {}).end();
}

function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
