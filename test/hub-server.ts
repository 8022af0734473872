import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

export interface ServedModel {
  /** "owner/name" */
  readonly name: string;
  readonly revision: string;
  readonly commit: string;
  /** Files by path in the model. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Requests without it are refused. */
  readonly token?: string;
}

export interface HubServer {
  readonly url: string;
  /** Method, path, range and authorization of every request. */
  readonly requests: string[];
  /** Breaks the connection of the next answer with file contents after this many bytes. */
  breakNextAfter: number | undefined;
  close(): Promise<void>;
}

const largeFileBytes = 10_000;

/** All files below a folder. */
export function filesOf(folder: string): Map<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(path.join(folder, name)).isFile());
  return new Map(files.map((name) => [name.split(path.sep).join("/"), readFileSync(path.join(folder, name))]));
}

/** A local server with the part of the Hugging Face hub's API that is needed.
 *  odd: answers a request itself and returns true, or returns false. */
export async function serveHub(
  models: readonly ServedModel[],
  odd: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<HubServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range, request.headers.authorization].join(" "));
    if (!odd(request, response)) answer(models, hub, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: HubServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    breakNextAfter: undefined,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return hub;
}

function answer(models: readonly ServedModel[], hub: HubServer, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url!, hub.url);
  const [, name, rest] = /^(?:\/api\/models)?\/([^/]+\/[^/]+)\/(.+)$/.exec(decodeURIComponent(pathname)) ?? [];
  const model = models.find((candidate) => candidate.name === name);
  if (!model || rest === undefined) return json(response, 404, { error: "Repository not found" });
  if (model.token !== undefined && request.headers.authorization !== `Bearer ${model.token}`)
    return json(response, 401, { error: "Invalid username or password." });
  const [action, revision, ...parts] = rest.split("/");
  if (revision !== model.revision && revision !== model.commit)
    return json(response, 404, { error: `Invalid rev id: ${revision}` });
  if (action === "revision") return json(response, 200, { _id: "1", id: name, sha: model.commit });
  if (action === "tree")
    return json(
      response,
      200,
      [...model.files].map(([file, bytes]) => listed(file, bytes)),
    );
  const bytes = model.files.get(parts.join("/"));
  if (!bytes) return json(response, 404, { error: "Entry not found" });
  sendFile(hub, bytes, request, response);
}

function listed(file: string, bytes: Uint8Array) {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const entry = { type: "file", path: file, size: bytes.length, oid };
  if (bytes.length < largeFileBytes) return entry;
  return {
    ...entry,
    lfs: { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 1 },
  };
}

function sendFile(hub: HubServer, bytes: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const [, first = "0", last] = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first);
  const end = Math.min(last === undefined ? bytes.length : Number(last) + 1, bytes.length);
  const part = bytes.subarray(start, end);
  response.writeHead(request.headers.range ? 206 : 200, {
    etag: '"x"',
    "content-length": part.length,
    ...(request.headers.range && { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
  });
  const broken = part.length > 1 ? hub.breakNextAfter : undefined;
  if (broken === undefined) {
    response.end(part);
    return;
  }
  hub.breakNextAfter = undefined;
  response.write(part.subarray(0, broken), () => response.destroy());
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
