import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { certificate } from "../../test/certificate.ts";
import { type HubServer, serveHub } from "../../test/hub-server.ts";
import { limits } from "../budget/index.ts";
import { CoinageError, formatError } from "../errors/index.ts";
import { localModel } from "./index.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const bytes = new Uint8Array(40_000).fill(7);
const model = { name: "a/b", revision: "main", commit, files: new Map([["x.safetensors", bytes]]) };
const token = "hf_abcdefghijklmnop";

const folder = mkdtempSync(path.join(tmpdir(), "hub-hostile-"));
const open: { close(): unknown }[] = [];
let cache = "";
let count = 0;

afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  cache = path.join(folder, String(count++));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("HF_HOME", cache);
  vi.stubEnv("HF_TOKEN", token);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A hub with the model a/b that gives other answers to some requests. */
async function serve(odd: Readonly<Record<string, Answer>> = {}): Promise<HubServer> {
  const server = await serveHub([model], (request, response) => {
    const [, answer] = Object.entries(odd).find(([part]) => request.url!.includes(part)) ?? [];
    answer?.(request, response);
    return answer !== undefined;
  });
  open.push(server);
  vi.stubEnv("HF_ENDPOINT", server.url);
  return server;
}

async function resolve(patienceMs = 10_000): Promise<string> {
  const run = localModel("a/b", "model", patienceMs);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

async function refusal(patienceMs?: number): Promise<CoinageError> {
  const error = await resolve(patienceMs).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof CoinageError) return error;
  throw error ?? new Error("it was not refused");
}

const redirect =
  (to: string, headers = {}): Answer =>
  (_, response) =>
    response.writeHead(302, { location: to, ...headers }).end();

const places = { info: "/api/models/a/b/revision", tree: "/api/models/a/b/tree", file: "/resolve/" } as const;

describe("the token", () => {
  test.each(Object.entries(places))("stays at the hub when the answer about %s is elsewhere", async (_, place) => {
    const other = await serve();
    const cloudfront = { "x-cache": "Hit from cloudfront" };
    const odd = (request: IncomingMessage, response: ServerResponse) =>
      redirect(other.url + request.url!, cloudfront)(request, response);
    const hub = await serve({ [place]: odd });
    await resolve();
    expect(hub.requests.length).toBeGreaterThan(0);
    for (const request of hub.requests) expect(request).toContain(token);
    expect(other.requests.length).toBe(1);
    expect(other.requests.join()).not.toContain(token);
  });

  test("does not come back on a way that led to another origin", async () => {
    const back: Answer = (request, response) => redirect(`${hub.url}${request.url}&again`)(request, response);
    const other = await serve({ tree: back });
    const out: Answer = (request, response) => redirect(other.url + request.url)(request, response);
    const list = (_: IncomingMessage, response: ServerResponse) => void response.end("[]");
    const hub = await serve({ "&again": list, [places.tree]: out });
    expect((await refusal()).code).toBe("HUB_NOT_FOUND");
    expect(hub.requests.map((request) => request.includes(token))).toEqual([true, true, false]);
  });

  test("stays at the hub when the list goes on elsewhere", async () => {
    const other = await serve();
    const first: Answer = (request, response) => {
      const next = other.url + request.url!;
      response.writeHead(200, { link: `<${next}>; rel="next"` }).end("[]");
    };
    await serve({ [places.tree]: first });
    await resolve();
    expect(other.requests).toEqual([expect.stringContaining("/tree/")]);
    expect(other.requests.join()).not.toContain(token);
  });

  test("and everything else stays behind when a way leads from https to http", async () => {
    const plain = await serve();
    const secure = createServer(certificate, (request, response) => redirect(plain.url)(request, response));
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    open.push(secure);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    vi.stubEnv("HF_ENDPOINT", `https://127.0.0.1:${(secure.address() as AddressInfo).port}`);
    expect((await refusal()).message).toContain("from https to http:");
    expect(plain.requests).toEqual([]);
    secure.closeAllConnections();
  });
});

describe("what is secret is in no message", () => {
  const shown = async (): Promise<string> => {
    const error = await refusal();
    return JSON.stringify([formatError(error), error.stack, String(error.cause)]);
  };

  test.each([
    "hf_secret\nsecret",
    "hf_secret\tsecret",
    "hf_secrét",
    "secret",
    "hf_",
    "hf_secret secret",
    "hf_secret\x7f",
  ])("of the token %j, which is none", async (malformed) => {
    const hub = await serve();
    vi.stubEnv("HF_TOKEN", malformed);
    const text = await shown();
    expect(text).toContain("HUB_DENIED");
    expect(text).not.toContain("secr");
    expect(hub.requests).toEqual([]);
  });

  test.each([
    "me:secret@127.0.0.1",
    "http://me:secret@127.0.0.1:99999",
    "http://me:sec ret@[::1",
    "ftp://me:secret@127.0.0.1",
    "http://127.0.0.1/?token=secret",
    "http://me:secret@127.0.0.1:1",
    "http://me:%73ecret@127.0.0.1:1/path",
  ])("of the endpoint %s", async (endpoint) => {
    vi.stubEnv("HF_ENDPOINT", endpoint);
    const text = await shown();
    expect(text).toMatch(/HUB_ADDRESS|HUB_OFFLINE/);
    expect(text).not.toMatch(/secret|sec ret|%73ecret/);
  });

  test("when the hub says it back", async () => {
    await serve({
      [places.info]: (request, response) =>
        response
          .writeHead(500, { "content-type": "application/json" })
          .end(JSON.stringify({ error: `no ${request.headers.authorization}\u001b[2J` })),
    });
    const text = await shown();
    expect(text).toContain("answers 500 when asked for a/b: no Bearer *** [2J");
    expect(text).not.toContain(token);
  });

  test("nor a part of a password, when the hub says it back in what is no JSON", async () => {
    const hub = await serve({
      [places.info]: (request, response) => response.end(`[${request.headers.authorization?.slice("Basic ".length)}`),
    });
    vi.stubEnv("HF_ENDPOINT", hub.url.replace("//", "//me:a-long-secret@"));
    const text = await shown();
    expect(text).toContain("not JSON");
    const encoded = Buffer.from("me:a-long-secret").toString("base64");
    for (let i = 0; i + 8 <= encoded.length; i++) expect(text).not.toContain(encoded.slice(i, i + 8));
  });

  test.each(["https://me:secret@huggingface.co/a/b", "https://example.com/a.ckpt?token=secret", "s3://secret@"])(
    "of the address %s, which is no model's",
    async (address) => {
      const error: unknown = await localModel(address)
        .next()
        .catch((error: unknown) => error);
      expect(error).toMatchObject({ code: "HUB_NOT_FOUND" });
      expect(JSON.stringify([formatError(error as CoinageError)])).not.toContain("secret");
    },
  );
});

test("a user and password in HF_ENDPOINT go to the hub, in place of the token", async () => {
  const hub = await serve();
  vi.stubEnv("HF_ENDPOINT", hub.url.replace("://", "://me:p%40ss@"));
  await resolve();
  const basic = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  for (const request of hub.requests) expect(request).toMatch(new RegExp(`${basic}$`));
});

/** Sends a piece repeatedly until the client disconnects. */
const endless =
  (piece: string | Uint8Array, { status = 200, everyMs = 0, headers = {} } = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers);
    if (everyMs > 0) {
      const timer = setInterval(() => response.write(piece), everyMs);
      response.on("close", () => clearInterval(timer));
      return;
    }
    const more = () => {
      while (response.write(piece));
    };
    response.on("drain", more);
    more();
  };
const says =
  (text: string | Uint8Array, headers = {}): Answer =>
  (_, response) =>
    response.writeHead(200, headers).end(text);
const lists = (...entries: readonly unknown[]): Answer => says(JSON.stringify(entries));
const entry = { type: "file", path: "x.safetensors", size: bytes.length, oid: "0".repeat(40) };
const long = "x".repeat(64 * 1024);

describe("a hub that lies", () => {
  const { info, tree, file } = places;
  test.each<[string, Record<string, Answer>, RegExp]>([
    ["describes a model without end", { [info]: endless(`"${long}`) }, /more than 67,108,864 bytes/],
    ["lists files without end", { [tree]: endless(`"${long}`) }, /more than 67,108,864 bytes/],
    [
      "packs a long list small",
      { [tree]: says(gzipSync(`[${" ".repeat(2 ** 26)}]`), { "content-encoding": "gzip" }) },
      /more than 67,108,864 bytes/,
    ],
    ["tells an error without end", { [info]: endless(long, { status: 500 }) }, /answers 500 .*: x{100}/],
    [
      "names a page as its own next",
      {
        [tree]: (request, response) =>
          says("[]", { link: `<http://${request.headers.host}${request.url}>; rel="next"` })(request, response),
      },
      /more than 100 answers/,
    ],
    [
      "redirects in a circle",
      { [info]: (request, response) => redirect(request.url!)(request, response) },
      /more than 10 redirects/,
    ],
    ["redirects to a file here", { [info]: redirect("file:///etc/passwd") }, /redirects to file:/],
    ["redirects to nowhere", { [info]: redirect("http://[") }, /redirects to an invalid address/],
    ["redirects without an address", { [info]: (_, response) => response.writeHead(302).end() }, /answers 302/],
    ["sends a page instead of an answer", { [info]: says("<!DOCTYPE html>") }, /not JSON \(.*DOCTYPE/],
    ["sends nothing", { [info]: says("") }, /not JSON/],
    ["does not speak HTTP", { [info]: (request) => request.socket.end("hello\r\n\r\n") }, /not HTTP/],
    ["sends headers without end", { [info]: says("{}", { "x-long": long }) }, /not HTTP/],
    ["describes null", { [info]: says("null") }, /unknown shape/],
    ["describes a model at no commit", { [info]: says('{"sha": "../../../x"}') }, /names no commit/],
    ["describes a model at a number", { [info]: says('{"sha": 7}') }, /names no commit/],
    ["describes a model at a list", { [info]: says(`{"sha": ["${commit}"]}`) }, /names no commit/],
    ["lists an object", { [tree]: says('{"error": null}') }, /unknown shape/],
    ["lists null", { [tree]: says("null") }, /unknown shape/],
    ["lists a text", { [tree]: says('"files"') }, /lists the file/],
    ["lists nulls", { [tree]: lists(null) }, /lists the file/],
    ["lists a path outside", { [tree]: lists({ ...entry, path: "../x.safetensors" }) }, /lists the file/],
    ["lists an absolute path", { [tree]: lists({ ...entry, path: "/x.safetensors" }) }, /lists the file/],
    ["lists a path for Windows", { [tree]: lists({ ...entry, path: "..\\x.safetensors" }) }, /lists the file/],
    ["lists a path with a line end", { [tree]: lists({ ...entry, path: "x\n.safetensors" }) }, /lists the file/],
    ["lists a number as path", { [tree]: lists({ ...entry, path: 1 }) }, /lists the file/],
    ["lists a hash with a path in it", { [tree]: lists({ ...entry, oid: "../../x" }) }, /lists the file/],
    ["lists a long hash", { [tree]: lists({ ...entry, oid: "a".repeat(300) }) }, /lists the file/],
    ["lists a size below zero", { [tree]: lists({ ...entry, size: -1 }) }, /lists the file/],
    ["lists half a byte", { [tree]: lists({ ...entry, size: 0.5 }) }, /lists the file/],
    ["lists a size as text", { [tree]: lists({ ...entry, size: "1" }) }, /lists the file/],
    ["lists a huge size", { [tree]: lists({ ...entry, size: 2 ** 52 }) }, /more than 137,438,953,472 bytes/],
    [
      "lists a name that no disk takes",
      { [tree]: lists({ ...entry, path: `${long}.safetensors` }) },
      /more than 255 bytes in a name/,
    ],
    ["sends a file without end", { [file]: endless(long) }, /more than the 40000 bytes/],
    ["sends less of a file", { [file]: says(bytes.subarray(0, 20_000)) }, /20000 of the 40000 bytes/],
    ["sends nothing of a file", { [file]: says("") }, /0 of the 40000 bytes/],
    ["sends another file", { [file]: says(new Uint8Array(40_000)) }, /other bytes/],
    ["refuses a file", { [file]: (_, response) => response.writeHead(503).end("busy") }, /answers 503 .*: busy/],
  ])("%s is told so, and leaves nothing behind", async (_, odd, message) => {
    await serve(odd);
    const error = await refusal();
    expect(error).toMatchObject({ code: "HUB_FAILED", message: expect.stringMatching(message) });
    expect(error.message.length).toBeLessThan(500);
    expect(existsSync(cache) ? readdirSync(cache, { recursive: true }) : []).toEqual([]);
  });

  test.each<[string, Record<string, Answer>]>([
    ["no answer", { [info]: () => {} }],
    ["a description", { [info]: endless(" ", { everyMs: 10 }) }],
    ["a list", { [tree]: endless(" ", { everyMs: 10 }) }],
    ["an error", { [info]: endless(" ", { status: 500, everyMs: 10 }) }],
    ["a file", { [file]: endless("x", { everyMs: 10 }) }],
  ])("sends %s byte by byte: it is not waited for", async (_, odd) => {
    await serve(odd);
    const error = await refusal(100);
    expect(error).toMatchObject({
      code: "HUB_FAILED",
      message: expect.stringMatching(
        /does not answer for 0\.1 s|sent \d+ bytes and then almost nothing for 0\.1 s|answers 500/,
      ),
    });
    expect(existsSync(cache) ? readdirSync(cache, { recursive: true }) : []).toEqual([]);
  });

  test("waits a minute at the most for the next bytes", () => {
    expect(limits.hubSilence.max).toBe(60_000);
  });
});

test("a file that was begun goes on from a server that sends whole files only", async () => {
  const hub = await serve({ [places.file]: says(bytes) });
  const blob = path.join(cache, "hub/models--a--b/blobs", createHash("sha256").update(bytes).digest("hex"));
  mkdirSync(path.dirname(blob), { recursive: true });
  writeFileSync(`${blob}.incomplete`, bytes.subarray(0, 20_000));
  expect(Buffer.compare(readFileSync(await resolve()), bytes)).toBe(0);
  expect(hub.requests.at(-1)).toContain("bytes=20000-");
});
