import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HubServer, serveHub } from "../../../test/hub-server.ts";
import { hubPlaceOf } from "../../hub/index.ts";
import { sha256 } from "../protocol/signed.ts";
import { BlobServer } from "./server.ts";
import { BlobStore } from "./store.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-hub-source-"));
const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 11 + (i >> 8)) % 253);
const commit = "0123456789abcdef0123456789abcdef01234567";
const hub = { name: "owner/model", commit, file: "unet/weights.safetensors" };
const wanted = { sha256: sha256(bytes), bytes: bytes.length, hub };

let coordinator: BlobServer;
let asked: number;
let server: HubServer | undefined;
let count = 0;

beforeEach(async () => {
  coordinator = await BlobServer.open("token", "127.0.0.1");
  const file = path.join(work, "weights");
  writeFileSync(file, bytes);
  coordinator.addFile(wanted.sha256, file);
  vi.stubEnv("HF_HUB_CACHE", path.join(work, `hub${count++}`));
  for (const name of ["HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, "");
  asked = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await coordinator.close();
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A hub that has these bytes under the name. odd: what it sends of them. */
async function serve(contents: Uint8Array, odd?: Parameters<typeof serveHub>[1]): Promise<void> {
  server = await serveHub([{ name: hub.name, revision: "main", commit, files: new Map([[hub.file, contents]]) }], odd);
  vi.stubEnv("HF_ENDPOINT", server.url);
}

/** The bytes of the file that a worker gets, and whether the coordinator has given them. */
async function fetched(): Promise<{ readonly file: string; readonly isOfCoordinator: boolean }> {
  const folder = path.join(work, `cache${count++}`);
  const store = new BlobStore({ folder, limitBytes: 1e9, models: [] });
  const file = await store.file(wanted, { urls: coordinator.urls(true), token: "token" }, () => asked++);
  expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
  return { file, isOfCoordinator: file.startsWith(folder) };
}

const sends =
  (contents: Uint8Array): Parameters<typeof serveHub>[1] =>
  (request, response) => {
    if (!request.url?.includes("/resolve/")) return false;
    response.writeHead(200, { "content-length": contents.length }).end(contents);
    return true;
  };

describe("weights that lie on the hub", () => {
  test("come from there, into the cache that all programs share, and the next time out of it", async () => {
    await serve(bytes);
    const { file, isOfCoordinator } = await fetched();
    expect(isOfCoordinator).toBe(false);
    expect(hubPlaceOf(file)).toEqual(hub);
    expect(asked).toBeGreaterThan(0);
    await server!.close();
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await fetched()).toEqual({ file, isOfCoordinator: false });
  });

  test("go on where a broken transfer ended", async () => {
    await serve(bytes);
    server!.breakNextAfter = 100_000;
    expect((await fetched()).isOfCoordinator).toBe(false);
    expect(server!.requests.some((request) => / bytes=[1-9]\d*-/.test(request))).toBe(true);
  });

  test("come from the coordinator where the hub is offline", async () => {
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:9");
    expect((await fetched()).isOfCoordinator).toBe(true);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await fetched()).isOfCoordinator).toBe(true);
  });

  test.each([
    ["flips a bit", () => bytes.map((byte, i) => (i === 1000 ? byte ^ 1 : byte))],
    ["sends half of them", () => bytes.subarray(0, 100_000)],
  ])("come from the coordinator where the hub %s, and nothing of the hub's is kept", async (_, spoiled) => {
    await serve(bytes, sends(spoiled()));
    expect((await fetched()).isOfCoordinator).toBe(true);
    expect(existsSync(path.join(process.env.HF_HUB_CACHE!, "models--owner--model", "snapshots"))).toBe(false);
  });

  test("are not fetched where the hub lists other contents", async () => {
    await serve(bytes.map((byte) => byte ^ 1));
    expect((await fetched()).isOfCoordinator).toBe(true);
    expect(server!.requests.some((request) => request.includes("/resolve/"))).toBe(false);
  });
});

test.runIf(process.geteuid?.() === 0)("a disk that is full is told, with what to do", async (context) => {
  const small = path.join(work, "small");
  mkdirSync(small);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small]).status !== 0)
    return context.skip("nothing may be mounted here");
  try {
    const store = new BlobStore({ folder: small, limitBytes: 1e9, models: [] });
    const { hub: _, ...onlyHere } = wanted;
    await expect(store.file(onlyHere, { urls: coordinator.urls(true), token: "token" })).rejects.toMatchObject({
      code: "CLUSTER_WEIGHTS",
      message: expect.stringContaining("ENOSPC"),
      hint: expect.stringContaining("--cache"),
    });
  } finally {
    execFileSync("umount", [small]);
  }
});
