import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { filesOf, type HubServer, type ServedModel, serveHub } from "../../test/hub-server.ts";
import { hasPermissions, withoutPrivileges } from "../../test/permissions.ts";
import { openCheckpoint } from "../checkpoint/index.ts";
import { hubSettings } from "./access.ts";
import { CachedModel } from "./cache.ts";
import { type DownloadEvent, localModel } from "./index.ts";

const tinySd = fileURLToPath(new URL("../../assets/tiny-sd", import.meta.url));
const commit = "0123456789abcdef0123456789abcdef01234567";
const files = filesOf(tinySd);
const vae = new Map(
  [...files].filter(([name]) => name.startsWith("vae/")).map(([name, bytes]) => [name.slice(4), bytes]),
);
const unetFile = "unet/diffusion_pytorch_model.safetensors";

function served(name: string, contents: ReadonlyMap<string, Uint8Array>, more: Partial<ServedModel> = {}): ServedModel {
  return { name, revision: "main", commit, files: contents, ...more };
}

const extras = new Map([
  ["unet/diffusion_pytorch_model.bin", new Uint8Array(100)],
  ["safety_checker/model.safetensors", new Uint8Array(100)],
  ["README.md", new Uint8Array(10)],
]);
const models = [
  served("a/tiny", new Map([...files, ...extras])),
  served("a/branch", files, { revision: "fp16" }),
  served("a/gated", files, { token: "hf_secret" }),
  served("a/vae", vae),
  served(
    "a/single",
    new Map([
      ["v.safetensors", vae.get("diffusion_pytorch_model.safetensors")!],
      ["README.md", new Uint8Array(1)],
    ]),
  ),
  served(
    "a/several",
    new Map([
      ["x.ckpt", new Uint8Array(1)],
      ["x.safetensors", new Uint8Array(1)],
      ["y.ckpt", new Uint8Array(2)],
    ]),
  ),
  served("a/texts", new Map([["README.md", new Uint8Array(1)]])),
];

const folder = mkdtempSync(path.join(tmpdir(), "hub-"));
let server: HubServer;
let cache = "";
let count = 0;

beforeAll(async () => {
  server = await serveHub(models);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  cache = path.join(folder, String(count++));
  server.requests.length = 0;
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("HF_HOME", cache);
  vi.stubEnv("HF_ENDPOINT", server.url);
});
afterEach(() => vi.unstubAllEnvs());

async function resolve(target: string, purpose: "model" | "vae" = "model") {
  const events: DownloadEvent[] = [];
  const run = localModel(target, purpose);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return { events, found: value };
    events.push(value);
  }
}

function cached(name: string): string {
  return path.join(cache, "hub", `models--${name.replace("/", "--")}`);
}

describe("what is on this machine", () => {
  // The third could also be a model of the hub: an existing folder takes precedence.
  test.each([tinySd, "nowhere.safetensors", "assets/tiny-sd", "some/where/else"])(
    "%s stays what it is",
    async (target) => {
      expect(await resolve(target)).toEqual({ events: [], found: target });
      expect(server.requests).toEqual([]);
    },
  );
});

describe("a model of the hub", () => {
  test("is fetched into the cache that all programs share: only what is read, telling how far it is", async () => {
    const { found, events } = await resolve("a/tiny");
    expect(found).toBe(path.join(cached("a/tiny"), "snapshots", commit));
    expect(readFileSync(path.join(cached("a/tiny"), "refs", "main"), "utf8")).toBe(commit);
    expect(lstatSync(path.join(found, unetFile)).isSymbolicLink()).toBe(true);
    expect([...filesOf(found).keys()].filter((name) => !files.has(name))).toEqual([]);
    for (const [name, bytes] of filesOf(found)) expect(Buffer.compare(bytes, files.get(name)!)).toBe(0);
    const last = events.at(-1)!;
    expect(last.doneBytes).toBe(last.totalBytes);
    expect(events.map(({ doneBytes }) => doneBytes)).toEqual(
      events.map(({ doneBytes }) => doneBytes).toSorted((a, b) => a - b),
    );
    expect((await openCheckpoint(found)).family.value).toBe("sd1");
  });

  test("is fetched once: then it works without the hub", async () => {
    const { found } = await resolve("a/tiny");
    server.requests.length = 0;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolve("a/tiny")).toEqual({ events: [], found });
    expect(server.requests).toEqual([]);
  });

  test("of which a file is missing in the cache is completed", async () => {
    const { found } = await resolve("a/tiny");
    rmSync(path.join(found, unetFile));
    rmSync(path.join(found, "vae/config.json"));
    const blobs = filesOf(path.join(cached("a/tiny"), "blobs")).size;
    expect((await resolve("a/tiny")).found).toBe(found);
    expect(filesOf(path.join(cached("a/tiny"), "blobs")).size).toBe(blobs);
    expect(server.requests.filter((request) => request.includes(unetFile)).length).toBe(1);
    expect(existsSync(path.join(found, unetFile))).toBe(true);
  });

  test("comes at the revision that is named", async () => {
    await expect(resolve("a/branch")).rejects.toThrow(expect.objectContaining({ code: "HUB_NOT_FOUND" }));
    const { found } = await resolve("a/branch@fp16");
    expect(readFileSync(path.join(cached("a/branch"), "refs", "fp16"), "utf8")).toBe(commit);
    expect((await resolve(`a/branch@${commit}`)).found).toBe(found);
  });

  test("may be a VAE alone, one file, or one file of several", async () => {
    const alone = await resolve("a/vae", "vae");
    const { vae } = await openCheckpoint(tinySd, { vae: alone.found });
    expect(vae).toEqual(expect.objectContaining({ spelling: "diffusers" }));
    expect((await resolve("a/tiny", "vae")).events.at(-1)!.totalBytes).toBe(alone.events.at(-1)!.totalBytes);
    const single = await resolve("a/single", "vae");
    expect(path.basename(single.found)).toBe("v.safetensors");
    expect((await openCheckpoint(tinySd, { vae: single.found })).vae.tensors.size).toBe(vae.tensors.size);
    await expect(resolve("a/several")).rejects.toThrow(
      expect.objectContaining({
        code: "HUB_NOT_FOUND",
        hint: expect.stringMatching(/a\/several\/blob\/main\/x\.safetensors\n.*y\.ckpt$/),
      }),
    );
    const { found } = await resolve("https://huggingface.co/a/several/blob/main/y.ckpt");
    expect(path.basename(found)).toBe("y.ckpt");
  });
});

describe("a broken connection", () => {
  test("is taken up again where it broke", async () => {
    server.breakNextAfter = 30_000;
    const { found } = await resolve("a/single", "vae");
    const bytes = vae.get("diffusion_pytorch_model.safetensors")!;
    expect(Buffer.compare(readFileSync(found), bytes)).toBe(0);
    expect(server.requests.at(-1)).toMatch(/bytes=[1-9]\d*-/);
  });

  test("or an end in the middle leaves what was fetched for the next run", async () => {
    const bytes = files.get(unetFile)!;
    const run = localModel("a/tiny");
    for (let event = await run.next(); !event.done; event = await run.next())
      if (event.value.file === unetFile && event.value.doneBytes < event.value.totalBytes / 2) break;
    await run.return("");
    const [partial] = [...filesOf(path.join(cached("a/tiny"), "blobs"))].filter(([name]) =>
      name.endsWith(".incomplete"),
    );
    expect(partial![1].length).toBeGreaterThan(0);
    expect(partial![1].length).toBeLessThan(bytes.length);
    const { found } = await resolve("a/tiny");
    expect(Buffer.compare(readFileSync(path.join(found, unetFile)), bytes)).toBe(0);
  });

  test("something else than announced is not kept", async () => {
    const { found } = await resolve("a/single", "vae");
    const blobs = path.join(cached("a/single"), "blobs");
    const [blob] = [...filesOf(blobs).keys()];
    rmSync(path.join(cached("a/single"), "snapshots"), { recursive: true });
    rmSync(path.join(blobs, blob!));
    writeFileSync(path.join(blobs, `${blob}.incomplete`), "not the beginning of this file");
    await expect(resolve("a/single", "vae")).rejects.toThrow(expect.objectContaining({ code: "HUB_FAILED" }));
    expect((await resolve("a/single", "vae")).found).toBe(found);
  });
});

describe("a cache that other programs have filled", () => {
  beforeEach(() => {
    const snapshot = path.join(cached("b/tiny"), "snapshots", commit);
    cpSync(tinySd, snapshot, { recursive: true });
    const blobs = path.join(cached("b/tiny"), "blobs");
    mkdirSync(blobs);
    mkdirSync(path.join(cached("b/tiny"), "refs"));
    writeFileSync(path.join(cached("b/tiny"), "refs", "main"), commit);
    cpSync(path.join(snapshot, unetFile), path.join(blobs, "unet"));
    rmSync(path.join(snapshot, unetFile));
    symlinkSync("../../../blobs/unet", path.join(snapshot, unetFile));
  });

  test("is used, without a request", async () => {
    const { found } = await resolve("b/tiny");
    expect((await openCheckpoint(found)).unet.tensors.size).toBe(442);
    expect(server.requests).toEqual([]);
  });

  test("is no use where a file is missing and the hub may not or cannot be asked", async () => {
    rmSync(path.join(cached("b/tiny"), "blobs", "unet"));
    await expect(resolve("b/tiny")).rejects.toThrow(expect.objectContaining({ code: "HUB_NOT_FOUND" }));
    vi.stubEnv("HF_HUB_OFFLINE", "yes");
    await expect(resolve("b/tiny")).rejects.toThrow(
      expect.objectContaining({ code: "HUB_OFFLINE", message: expect.stringContaining("HF_HUB_OFFLINE") }),
    );
    vi.stubEnv("HF_HUB_OFFLINE", undefined);
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:1");
    await expect(resolve("b/tiny")).rejects.toThrow(
      expect.objectContaining({ code: "HUB_OFFLINE", hint: expect.stringContaining("in the cache") }),
    );
  });
});

describe("who asks", () => {
  test("is refused without the token a model wants, and let in with it, from the variable or the stored file", async () => {
    await expect(resolve("a/gated")).rejects.toThrow(
      expect.objectContaining({ code: "HUB_DENIED", message: expect.stringContaining("without an access token") }),
    );
    mkdirSync(cache, { recursive: true });
    writeFileSync(path.join(cache, "token"), "hf_wrong\n");
    const refusal = resolve("a/gated");
    await expect(refusal).rejects.toThrow(expect.objectContaining({ code: "HUB_DENIED" }));
    expect(JSON.stringify(await refusal.catch(({ message, hint }) => ({ message, hint })))).not.toContain("hf_wrong");
    vi.stubEnv("HF_TOKEN", "hf_secret");
    await resolve("a/gated");
    expect(server.requests.at(-1)).toContain("Bearer hf_secret");
  });

  test("is told that a token is none, without a request", async () => {
    vi.stubEnv("HF_TOKEN", "mypassword");
    await expect(resolve("a/tiny")).rejects.toThrow(
      expect.objectContaining({ code: "HUB_DENIED", message: expect.not.stringContaining("mypassword") }),
    );
    expect(server.requests).toEqual([]);
  });
});

test("what the hub does not have, or has without a model in it, is said", async () => {
  await expect(resolve("a/nothing")).rejects.toThrow(
    expect.objectContaining({
      code: "HUB_NOT_FOUND",
      message: expect.stringMatching(/a\/nothing is neither a file or folder here/),
    }),
  );
  await expect(resolve("a/texts")).rejects.toThrow(
    expect.objectContaining({ code: "HUB_NOT_FOUND", message: expect.stringContaining("holds no model") }),
  );
});

test("what is larger than the disk is not begun", async () => {
  const model = new CachedModel(cache, { name: "a/b", revision: undefined, file: undefined });
  await expect(model.requireRoom(2 ** 62)).rejects.toMatchObject({
    code: "OUTPUT_UNWRITABLE",
    message: expect.stringMatching(
      /^4611686018427\.4 MB must be downloaded, but only [\d.]+ MB are free on the disk of /,
    ),
  });
  await model.requireRoom(1);
});

describe("a user without a home", () => {
  const hopeless = { code: "HUB_CACHE_UNKNOWN", hint: expect.stringContaining("HF_HOME") };

  test.skipIf(process.platform === "win32")("is asked for a folder, and needs none but that", async () => {
    vi.stubEnv("HOME", "");
    await expect(hubSettings({})).rejects.toMatchObject(hopeless);
    expect((await hubSettings({ HF_HOME: "/h" })).cacheFolder).toBe(path.resolve("/h/hub"));
  });

  test.runIf(process.geteuid?.() === 0)("also where the system itself knows none", async () => {
    vi.stubEnv("HOME", undefined);
    process.seteuid!(54321);
    try {
      expect(() => homedir()).toThrow("uv_os_homedir");
      await expect(hubSettings({})).rejects.toMatchObject(hopeless);
    } finally {
      process.seteuid!(0);
    }
  });
});

test("cache, token and endpoint are where Hugging Face's own programs have them", async () => {
  const cacheOf = async (environment: Record<string, string>) => (await hubSettings(environment)).cacheFolder;
  expect(await cacheOf({})).toBe(path.join(homedir(), ".cache", "huggingface", "hub"));
  expect(await cacheOf({ XDG_CACHE_HOME: "/x" })).toBe(path.resolve("/x/huggingface/hub"));
  expect(await cacheOf({ XDG_CACHE_HOME: "/x", HF_HOME: "~/h" })).toBe(path.join(homedir(), "h", "hub"));
  expect(await cacheOf({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/c" })).toBe(path.resolve("/c"));
  expect(await cacheOf({ HUGGINGFACE_HUB_CACHE: "/c", HF_HUB_CACHE: "/d" })).toBe(path.resolve("/d"));
  expect(await hubSettings({ HF_HOME: "/h", HF_TOKEN: "" })).toEqual({
    cacheFolder: path.resolve("/h/hub"),
    endpoint: "https://huggingface.co",
    token: undefined,
    isOffline: false,
  });
});

describe.runIf(hasPermissions)("a cache that may be read only", () => {
  const modes = (mode: number, ...folders: readonly string[]) => {
    for (const folder of folders) chmodSync(folder, mode);
  };

  test("gives a model that is in it", async () => {
    const { found } = await resolve("a/tiny");
    modes(0o755, folder, cache);
    execFileSync("chmod", ["-R", "a+rX,a-w", path.join(cache, "hub")]);
    server.requests.length = 0;
    expect(await withoutPrivileges(() => resolve("a/tiny"))).toEqual({ found, events: [] });
    expect(server.requests).toEqual([]);
    execFileSync("chmod", ["-R", "u+w", path.join(cache, "hub")]);
  });

  test.each([
    "hub",
    "hub/models--a--tiny",
    "hub/models--a--tiny/blobs",
    "hub/models--a--tiny/snapshots",
    "hub/models--a--tiny/refs",
  ])("names the place and what to do when another is to be fetched into it: %s", async (part) => {
    const closed = path.join(cache, part);
    mkdirSync(closed, { recursive: true });
    modes(0o755, folder);
    execFileSync("chmod", ["-R", "a+rwX", cache]);
    modes(0o555, closed);
    await expect(withoutPrivileges(() => resolve("a/tiny"))).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringMatching(/models--a--tiny.* cannot be written \(EACCES\)/),
      hint: expect.stringContaining("HF_HOME"),
    });
    modes(0o755, closed);
  });

  test("is told from a model of the hub where a path here may not be looked at", async () => {
    mkdirSync(path.join(folder, "closed", "model"), { recursive: true });
    modes(0o755, folder);
    modes(0o700, path.join(folder, "closed"));
    const home = process.cwd();
    process.chdir(folder);
    const asked = withoutPrivileges(() => resolve("closed/model"));
    const refused = expect(asked).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("closed/model"),
    });
    await refused.finally(() => process.chdir(home));
    expect(server.requests).toEqual([]);
  });
});
