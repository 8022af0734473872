import { timingSafeEqual } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import type { Deliveries } from "./deliveries.ts";

/** Files that are sent at a time: jobs and results need the network, too. */
const mostStreams = 2;
/** A connection without traffic is closed after so many milliseconds: a client that is gone would hold one of the streams for hours. */
const clientTimeoutMs = 60_000;

/** Serves the coordinator's weights and latents to workers that have the token, by digest: `GET /blob/SHA256`, with a range from a given byte on. Receives what
 *  workers deliver, where it was opened with `deliveries`. */
export class BlobServer {
  readonly #files = new Map<string, string>();
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #token: string;
  readonly #server: Server;
  readonly #deliveries: Deliveries | undefined;
  #streams = 0;

  /** host: the interface to listen on; undefined: all of them. timeoutMs: for connections without traffic. @throws the system's own error */
  static async open(
    token: string,
    host: string | undefined,
    deliveries?: Deliveries,
    timeoutMs = clientTimeoutMs,
  ): Promise<BlobServer> {
    const blobs = new BlobServer(token, deliveries, timeoutMs);
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

  private constructor(token: string, deliveries: Deliveries | undefined, timeoutMs: number) {
    this.#token = token;
    this.#deliveries = deliveries;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.timeout = timeoutMs;
  }

  /** URLs under which workers may reach it. isLocal: workers run on this machine only. */
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

  /** Serves a file, which must not change. */
  addFile(digest: string, file: string): void {
    this.#files.set(digest, file);
  }

  /** Serves bytes from memory until they are removed. They are not copied. */
  addBytes(digest: string, bytes: Uint8Array): void {
    this.#bytes.set(digest, bytes);
  }

  removeBytes(digest: string): void {
    this.#bytes.delete(digest);
  }

  /** The bytes of a digest, if they are in memory. */
  get(digest: string): Uint8Array | undefined {
    return this.#bytes.get(digest);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = "" } = request;
    const [, digest = ""] = /^\/blob\/([0-9a-f]{64})$/.exec(url) ?? [];
    const [, job, delivered] = /^\/delivery\/([\w-]{1,40})\/([0-9a-f]{64})$/.exec(url) ?? [];
    const bytes = this.#bytes.get(digest);
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
