import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { sha256 } from "../protocol/signed.ts";
import { BlobServer } from "./server.ts";
import { BlobStore } from "./store.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-blobs-"));
const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 251);
const wanted = { sha256: sha256(bytes), bytes: bytes.length };
let server: BlobServer;
let stores = 0;

beforeAll(async () => {
  const file = path.join(work, "weights");
  writeFileSync(file, bytes);
  server = await BlobServer.open("token", "127.0.0.1");
  server.addFile(wanted.sha256, file);
});
afterAll(async () => {
  await server.close();
  rmSync(work, { recursive: true, force: true });
});

const source = () => ({ urls: server.urls(true), token: "token" });

function store(
  options: { readonly models?: readonly string[]; readonly folder?: string; readonly limitBytes?: number } = {},
) {
  const folder = options.folder ?? path.join(work, `cache${stores++}`);
  return { folder, blobs: new BlobStore({ folder, limitBytes: 1e9, models: [], ...options }) };
}

/** A server of the test's own, and how often it was asked. */
async function answeringWith(answer: (response: ServerResponse, asked: number) => void) {
  const told = { url: "", asked: 0 };
  const server = createServer((_, response) => answer(response, ++told.asked));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  told.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return told;
}

const partOf = (folder: string) => path.join(folder, "sha256", wanted.sha256.slice(0, 2), `${wanted.sha256}.part`);

test("a file comes from the coordinator once, and then from the cache", async () => {
  const { folder, blobs } = store();
  const file = await blobs.file(wanted, source());
  expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
  expect(await store({ folder }).blobs.file(wanted, { urls: [], token: "" })).toBe(file);
});

test("a folder of the owner and a shared disk come first", async () => {
  const models = path.join(work, "models");
  mkdirSync(models);
  writeFileSync(path.join(models, "any name"), bytes);
  const nobody = { urls: [], token: "" };
  expect(await store({ models: [models] }).blobs.file(wanted, nobody)).toBe(path.join(models, "any name"));
  const shared = path.join(work, "weights");
  expect(await store().blobs.file({ ...wanted, path: shared }, nobody)).toBe(shared);
});

test("workers that share a cache may fetch the same file at the same time", async () => {
  const { folder, blobs } = store();
  const all = [blobs, store({ folder }).blobs, store({ folder }).blobs];
  const files = await Promise.all(all.map((one) => one.file(wanted, source())));
  expect(new Set(files).size).toBe(1);
  expect(new Uint8Array(readFileSync(files[0]!))).toEqual(bytes);
});

test("a transfer that broke goes on where it ended", async () => {
  const { folder, blobs } = store();
  mkdirSync(path.dirname(partOf(folder)), { recursive: true });
  writeFileSync(partOf(folder), bytes.subarray(0, 100_000));
  const seen: number[] = [];
  await blobs.file(wanted, source(), (done) => void seen.push(done));
  expect(seen[0]).toBeGreaterThan(100_000);
  expect(seen.at(-1)).toBe(bytes.length);
});

test("a damaged file is thrown away, with both digests told", async () => {
  const { folder, blobs } = store();
  mkdirSync(path.dirname(partOf(folder)), { recursive: true });
  const damaged = bytes.slice();
  damaged[5]! ^= 1;
  writeFileSync(partOf(folder), damaged);
  const found = blobs.file(wanted, source());
  await expect(found).rejects.toMatchObject({
    code: "CLUSTER_WEIGHTS",
    message: expect.stringContaining(wanted.sha256),
  });
  await expect(found).rejects.toThrow(sha256(damaged));
  // the next attempt starts anew
  expect(new Uint8Array(readFileSync(await blobs.file(wanted, source())))).toEqual(bytes);
});

test("one that was damaged in the cache is fetched again", async () => {
  const { folder, blobs } = store();
  const file = await blobs.file(wanted, source());
  rmSync(file);
  writeFileSync(
    file,
    bytes.map((byte) => byte ^ 1),
  );
  expect(new Uint8Array(readFileSync(await store({ folder }).blobs.file(wanted, source())))).toEqual(bytes);
});

test("a source that sends too little, again and again, is given up", async () => {
  const short = await answeringWith((response) => response.writeHead(200, { "content-length": 10 }).end("0123456789"));
  await expect(store().blobs.file(wanted, { urls: [short.url], token: "" })).rejects.toMatchObject({
    code: "CLUSTER_WEIGHTS",
  });
});

test("one that waits its turn gets the file in the end, and asks at the address that answered from then on", async () => {
  const stranger = await answeringWith((response) => response.writeHead(404).end());
  const busy = await answeringWith((response, asked) => response.writeHead(asked === 1 ? 503 : 200).end(bytes));
  const from = { urls: [stranger.url, busy.url, "http://127.0.0.1:9"], token: "" };
  for (const { blobs } of [store(), store()])
    expect(new Uint8Array(readFileSync(await blobs.file(wanted, from)))).toEqual(bytes);
  expect([stranger.asked, busy.asked]).toEqual([2, 3]);
});

test("who takes nothing of a file for long gives its place to others", async () => {
  const patient = await BlobServer.open("token", "127.0.0.1", undefined, 500);
  onTestFinished(() => patient.close());
  const large = path.join(work, "large");
  writeFileSync(large, "");
  truncateSync(large, 256e6);
  patient.addFile(wanted.sha256, large);
  const ask = () =>
    fetch(`${patient.urls(true)[0]}/blob/${wanted.sha256}`, { headers: { authorization: "Bearer token" } });
  const [held, other, third] = [await ask(), await ask(), await ask()];
  expect([held.status, other.status, third.status]).toEqual([200, 200, 503]);
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), { timeout: 10_000, interval: 100 });
});

test("who has not the token gets nothing, and what nobody has is not there", async () => {
  await expect(store().blobs.file(wanted, { ...source(), token: "other" })).rejects.toThrow(/401/);
  await expect(store().blobs.file({ sha256: "0".repeat(64), bytes: 3 }, source())).rejects.toThrow(/404/);
});

test("a cache that cannot be written says so", async () => {
  const folder = path.join(work, "weights", "below a file");
  await expect(store({ folder }).blobs.file(wanted, source())).rejects.toThrow(/cannot be written/);
});

test("the cache forgets what was used least lately beyond its limit, and nothing in use", async () => {
  const { folder, blobs } = store({ limitBytes: 400_000 });
  const place = (digest: string) => path.join(folder, "sha256", digest.slice(0, 2), digest);
  const old = ["a", "b"].map((letter) => letter.repeat(64));
  for (const [i, digest] of old.entries()) {
    mkdirSync(path.dirname(place(digest)), { recursive: true });
    writeFileSync(place(digest), bytes.subarray(0, 80_000));
    utimesSync(place(digest), new Date(1000 * (i + 1)), new Date());
  }
  const file = await blobs.file(wanted, source());
  const left = readdirSync(path.join(folder, "sha256"), { recursive: true, encoding: "utf8" }).map((name) =>
    path.basename(name),
  );
  expect(left).toContain(path.basename(file));
  expect(left).toContain(old[1]!);
  expect(left).not.toContain(old[0]!);
});

test("parts that killed workers have left are removed once the file is there, or beyond the limit; those that others are fetching stay", async () => {
  const { folder, blobs } = store({ limitBytes: 400_000 });
  const part = (digest: string, pid: number, ageMs: number) => {
    const file = path.join(folder, "sha256", digest.slice(0, 2), `${digest}.part-${pid}-0000`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes.subarray(0, 80_000));
    const then = new Date(Date.now() - ageMs);
    utimesSync(file, then, then);
    return file;
  };
  const [there, other, next] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string];
  const whole = path.join(folder, "sha256", "aa", there);
  mkdirSync(path.dirname(whole), { recursive: true });
  writeFileSync(whole, bytes.subarray(0, 10));
  const parts = [part(there, 1, 3_600_000), part(other, 2, 3_600_000), part(next, 3, 1000)];
  await blobs.file(wanted, source());
  expect([whole, ...parts].map((file) => existsSync(file))).toEqual([true, false, false, true]);
});

test("what a run needs stays beyond the limit, until the run is over", async () => {
  const more = bytes.map((byte) => byte ^ 1);
  const next = { sha256: sha256(more), bytes: more.length };
  const place = path.join(work, "next weights");
  writeFileSync(place, more);
  server.addFile(next.sha256, place);
  const { blobs } = store({ limitBytes: 400_000 });
  const file = await blobs.file(wanted, source());
  const beside = await blobs.file(next, source());
  expect([file, beside].map((one) => existsSync(one))).toEqual([true, true]);
  blobs.release();
  rmSync(beside);
  await blobs.file(next, source());
  expect([file, beside].map((one) => existsSync(one))).toEqual([false, true]);
});

test("fetching ends when the worker leaves, and keeps what has come", async () => {
  const { folder } = store();
  const stop = new AbortController();
  const blobs = new BlobStore({ folder, limitBytes: 1e9, models: [], signal: stop.signal });
  await expect(blobs.file(wanted, source(), () => stop.abort())).rejects.toMatchObject({ name: "AbortError" });
  expect(existsSync(partOf(folder))).toBe(true);
  await expect(blobs.file(wanted, source())).rejects.toMatchObject({ name: "AbortError" });
});
