import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { concept } from "../../../test/training-run.ts";
import { arrayOf } from "../../array/index.ts";
import { tinySdFolder } from "../../assets/index.ts";
import { writeEmbedding } from "../../embedding/index.ts";
import { type FileValues, flagsToml, type OptionValue, readTrainFlags } from "../../options/index.ts";
import { Deliveries } from "../blobs/deliveries.ts";
import { FileDigests } from "../blobs/digests.ts";
import { BlobServer } from "../blobs/server.ts";
import { BlobStore } from "../blobs/store.ts";
import { canonicalText, sha256 } from "../protocol/signed.ts";
import { acceptRun } from "./accept.ts";
import { Packer } from "./pack.ts";
import type { RunAnswer, RunJob } from "./protocol.ts";
import { deliver } from "./train.ts";
import { unpack } from "./unpack.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-whole-"));
let deliveries: Deliveries;
let server: BlobServer;
const limits = { fileBytes: 100_000, bytes: 200_000 };

beforeAll(async () => {
  deliveries = await Deliveries.open(path.join(work, "deliveries"), limits);
  server = await BlobServer.open("token", "127.0.0.1", deliveries);
});
afterAll(async () => {
  await server.close();
  rmSync(work, { recursive: true, force: true });
});

const source = () => ({ urls: server.urls(true), token: "token" });
const valuesOf = (entries: Record<string, OptionValue>) => new Map(Object.entries(entries)) as unknown as FileValues;

let places = 0;
function unpacking() {
  return {
    blobs: new BlobStore({ folder: path.join(work, "cache"), limitBytes: 1e9, models: [] }),
    ...{ source: source(), root: path.join(work, `worker${places++}`), say: () => {} },
    signal: new AbortController().signal,
  };
}

const packer = () => new Packer(server, new FileDigests(path.join(work, "cache")));
const jobOf = (job: Pick<RunJob, "config" | "inputs">): RunJob => ({
  ...{ v: 1, run: "sweep", incarnation: "now", kind: "run", index: 0, attempt: 1, ...job },
});

test("a run is laid out in the worker's own folder: model, images, captions, masks and prompts, as they were", async () => {
  const prompts = path.join(work, "prompts.txt");
  writeFileSync(prompts, "a photo of vexla");
  const dataset = path.join(work, "dataset.toml");
  writeFileSync(
    dataset,
    `[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(concept)}\ncaption_extension = ".txt"\n`,
  );
  const values = valuesOf({
    ...{ pretrained_model_name_or_path: tinySdFolder, dataset_config: dataset, sample_prompts: prompts },
    ...{ token_string: "vexla", learning_rate: 1e-3, threads: 3 },
  });
  const { job, origins } = await packer().pack(values, "vexla");
  const at = unpacking();
  const { values: found, folder } = await unpack(jobOf(job), at);
  expect(found.get("threads")).toBeUndefined();
  const { settings } = await readTrainFlags(new Map([...found, ["output_dir", path.join(at.root, "out")] as const]));
  for (const file of [settings.pretrainedModelNameOrPath, settings.datasetConfig!, settings.samplePrompts!])
    expect(path.relative(at.root, file).startsWith("..")).toBe(false);
  expect(readFileSync(settings.samplePrompts!, "utf8")).toBe("a photo of vexla");
  const images = path.join(folder, "in", "dataset_config", "0");
  expect(readFileSync(settings.datasetConfig!, "utf8")).toContain(JSON.stringify(images));
  expect(readdirSync(images).sort()).toEqual(readdirSync(concept).sort());
  for (const name of readdirSync(concept))
    expect(readFileSync(path.join(images, name))).toEqual(readFileSync(path.join(concept, name)));
  const unet = path.join("unet", "diffusion_pytorch_model.safetensors");
  const digests = [settings.pretrainedModelNameOrPath, tinySdFolder].map((model) =>
    sha256(readFileSync(path.join(model, unet))),
  );
  expect(digests[0]).toBe(digests[1]);
  expect(origins.get("@worker/in/dataset_config/0")).toBe(concept);
});

/** A job whose files are described as an attacker with the secret would. */
function forged(inputs: object, config: FileValues = valuesOf({ output_name: "w" })): RunJob {
  const bytes = new TextEncoder().encode(canonicalText(inputs));
  server.addBytes(sha256(bytes), bytes);
  return jobOf({ config: flagsToml(config), inputs: sha256(bytes) });
}

const image = { sha256: "a".repeat(64), bytes: 10 };
const folderOf = (name: string) => ({ flag: "image_dir", isFolder: true, isModel: false, files: [{ ...image, name }] });
const datasetOf = (config: string) => ({ flags: [], dataset: { config, folders: [[]] } });

test.each([
  ["a file above its folder", { flags: [folderOf("../../escape.png")] }],
  ["an absolute file", { flags: [folderOf("/etc/cron.d/x")] }],
  ["a file by a Windows path", { flags: [folderOf("..\\escape.png")] }],
  ["a flag that writes", { flags: [{ ...folderOf("a.png"), flag: "output_dir" }] }],
  ["a flag that names any file", { flags: [{ ...folderOf("a.png"), flag: "in_json" }] }],
  ["a file in a folder where one file belongs", { flags: [{ ...folderOf("a/b.png"), isFolder: false }] }],
  [
    "more bytes than any image",
    { flags: [{ ...folderOf("a.png"), files: [{ ...image, name: "a", bytes: 2 ** 30 }] }] },
  ],
  ["images outside", datasetOf('[[datasets]]\n[[datasets.subsets]]\nimage_dir = "/home"')],
  ["a folder that it does not bring", datasetOf('[[datasets]]\n[[datasets.subsets]]\nimage_dir = "@1"')],
  ["a metadata file", datasetOf('[[datasets]]\n[[datasets.subsets]]\nmetadata_file = "@0"')],
  ["captions outside", datasetOf('[general]\ncaption_extension = "/../../x"')],
])("a worker refuses a job with %s, and writes nothing outside", async (_, inputs) => {
  const at = unpacking();
  await expect(unpack(forged(inputs), at)).rejects.toMatchObject({ code: "CLUSTER_PROTOCOL" });
  expect(existsSync(path.join(work, "escape.png"))).toBe(false);
});

test("a worker refuses settings that name paths, and settings that it does not know", async () => {
  const none = { flags: [] };
  for (const flags of [
    { output_dir: "/etc" },
    { logging_dir: "/etc" },
    { weights: "/etc/passwd" },
    { output_name: "../x" },
    {},
  ])
    await expect(unpack(forged(none, valuesOf(flags)), unpacking())).rejects.toMatchObject({
      code: "CLUSTER_PROTOCOL",
    });
  const { inputs } = forged(none);
  const unknown = jobOf({ config: 'output_name = "w"\nrun_this = "rm"\n', inputs });
  await expect(unpack(unknown, unpacking())).rejects.toMatchObject({ code: "CLUSTER_PROTOCOL" });
});

test("what a worker delivers is taken with its token, its digest and within limits, and not otherwise", async () => {
  const bytes = Buffer.from("what was learned");
  const put = (digest: string, body: Uint8Array<ArrayBuffer>, token = "token", job = "r0-1") =>
    fetch(`${server.urls(true)[0]}/delivery/${job}/${digest}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token}` },
      body,
    }).then(({ status }) => status);
  expect(await put(sha256(bytes), bytes, "other")).toBe(401);
  expect(await put(sha256("something else"), bytes)).toBe(422);
  expect(await put(sha256(bytes), bytes, "token", "../r0")).toBe(404);
  const large = Buffer.alloc(limits.fileBytes + 1);
  expect(await put(sha256(large), large)).toBe(413);
  expect(await put(sha256(bytes), bytes)).toBe(201);
  expect(readFileSync(deliveries.fileOf("r0-1", sha256(bytes)))).toEqual(bytes);
  // what lies there counts
  const [first, second, third] = [1, 2, 3].map((fill) => Buffer.alloc(90_000, fill));
  expect(await put(sha256(first!), first!, "token", "r1-1")).toBe(201);
  expect(await put(sha256(second!), second!, "token", "r2-1")).toBe(201);
  expect(await put(sha256(third!), third!, "token", "r3-1")).toBe(413);
  await deliveries.drop("r1-1");
  expect(await put(sha256(third!), third!, "token", "r3-1")).toBe(201);
  for (const job of ["r0-1", "r2-1", "r3-1"]) await deliveries.drop(job);
  expect(readdirSync(path.join(work, "deliveries"))).toEqual([]);
});

/** A folder as a worker has it, delivered. */
async function delivered(job: string, files: Record<string, string | Uint8Array>): Promise<RunAnswer> {
  const folder = path.join(work, `out${places++}`);
  mkdirSync(path.join(folder, "sample"), { recursive: true });
  for (const [name, contents] of Object.entries(files)) writeFileSync(path.join(folder, name), contents);
  return {
    ...{ v: 1, run: "sweep", incarnation: "now", kind: "run", index: 0, attempt: 1, worker: "w", device: "cpu" },
    ...{ numerics: "a".repeat(64), seconds: 1, files: await deliver(job, folder, Object.keys(files), source()) },
  };
}

async function embedding(value = 0.5): Promise<Uint8Array> {
  const file = path.join(work, "vexla.safetensors");
  const vectors = [arrayOf([1, 768], new Float32Array(768).fill(0.5))];
  await writeEmbedding(file, { vectors, token: "vexla", step: 1, metadata: {} }, { layout: "kohya" });
  const bytes = readFileSync(file);
  bytes.writeFloatLE(value, bytes.length - 4);
  return bytes;
}

const destination = () => ({
  folder: path.join(work, `run${places++}`),
  outputName: "vexla",
  config: "seed = 1\n",
  origins: new Map([["@worker/in/image_dir", "/home/me/cat"]]),
});

test("a result becomes the run's folder as a whole, with paths as they are here", async () => {
  const answer = await delivered("r0-1", {
    "vexla.safetensors": await embedding(),
    "events.jsonl": '{"kind":"done","file":"@worker/out/vexla.safetensors","images":"@worker/in/image_dir"}\n',
  });
  const to = destination();
  mkdirSync(to.folder);
  writeFileSync(path.join(to.folder, "left by a failed attempt"), "");
  expect(await acceptRun("r0-1", answer, deliveries, to)).toBeUndefined();
  expect(readdirSync(to.folder).sort()).toEqual(["config.toml", "events.jsonl", "vexla.safetensors"]);
  expect(JSON.parse(readFileSync(path.join(to.folder, "events.jsonl"), "utf8"))).toEqual({
    kind: "done",
    file: `${to.folder}/vexla.safetensors`,
    images: "/home/me/cat",
  });
});

test.each([
  ["no embedding", async () => ({ "events.jsonl": "{}\n" }), "vexla.safetensors is missing"],
  ["vectors that are no numbers", async () => ({ "vexla.safetensors": await embedding(Number.NaN) }), "not finite"],
  ["a damaged embedding", async () => ({ "vexla.safetensors": "{}" }), "vexla.safetensors"],
  [
    "a page",
    async () => ({ "vexla.safetensors": await embedding(), "vexla.report.html": "<script>" }),
    "is not a file that a run writes",
  ],
  [
    "a pickle",
    async () => ({ "vexla.safetensors": await embedding(), "vexla.pt": "x" }),
    "is not a file that a run writes",
  ],
  [
    "a report that is none",
    async () => ({ "vexla.safetensors": await embedding(), "vexla.report.json": "{}" }),
    "vexla.report.json",
  ],
  [
    "an image that is none",
    async () => ({ "vexla.safetensors": await embedding(), "sample/a.png": "GIF89a" }),
    "is not a PNG image",
  ],
])("a result with %s is refused, and nothing of it stays", async (_, files, why) => {
  const to = destination();
  const answer = await delivered("r0-2", (await files()) as Record<string, string | Uint8Array>);
  expect(await acceptRun("r0-2", answer, deliveries, to)).toContain(why);
  expect(existsSync(to.folder)).toBe(false);
  expect(readdirSync(work).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("a result that names files which were not delivered, or others than those, is refused", async () => {
  const answer = await delivered("r0-3", { "vexla.safetensors": await embedding() });
  const [file] = answer.files;
  const altered = { ...answer, files: [{ ...file!, sha256: "b".repeat(64) }] };
  expect(await acceptRun("r0-3", altered, deliveries, destination())).toContain("was not delivered");
  expect(await acceptRun("r0-4", answer, deliveries, destination())).toContain("was not delivered");
});
