import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { readCaption } from "../src/dataset/captions/caption-file.ts";
import { readConfigDocument } from "../src/dataset/config/config.ts";
import { readInfoCache, readMetadata } from "../src/dataset/images/metadata.ts";
import { readEmbeddingFile } from "../src/embedding/index.ts";
import { CoinageError } from "../src/errors/index.ts";
import { listImages } from "../src/generation/files/init-images.ts";
import { readPromptFile } from "../src/generation/prompts/read.ts";
import { localModel } from "../src/hub/index.ts";
import { inspectFile } from "../src/inspect/index.ts";
import { readSettingsFile } from "../src/options/index.ts";
import { decodePicture } from "../src/pictures/index.ts";
import { readState } from "../src/training/state/index.ts";
import { temporaryFolder } from "./datasets.ts";

const at = temporaryFolder();
const start = process.cwd();
const offline = process.env.HF_HUB_OFFLINE;
beforeEach(() => {
  process.env.HF_HUB_OFFLINE = "1";
});
afterEach(() => {
  process.chdir(start);
  if (offline === undefined) delete process.env.HF_HUB_OFFLINE;
  else process.env.HF_HUB_OFFLINE = offline;
});

type Reader = readonly [what: string, ending: string, read: (file: string) => unknown];

const files: readonly Reader[] = [
  ["a settings file", ".toml", readSettingsFile],
  ["a dataset config", ".toml", readConfigDocument],
  ["a metadata file", ".json", readMetadata],
  ["an embedding", ".safetensors", (file) => readEmbeddingFile(file)],
  ["a model", ".ckpt", (file) => openCheckpoint(file)],
  ["a file to inspect", ".pt", inspectFile],
  ["a file of prompts", ".txt", (file) => readPromptFile(file, "--from_file")],
];

const others: readonly Reader[] = [
  ["a picture to start from", ".png", (file) => listImages(file, "--image_path")],
  ["a state", "-state", readState],
  ["a model that could be one of the hub", "", (file) => localModel(file).next()],
];

async function failure(read: () => unknown): Promise<CoinageError> {
  try {
    await read();
  } catch (error) {
    if (error instanceof CoinageError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("a mistyped path is told the one that was meant, spelled as it was written:", () => {
  test.each([...files, ...others])("%s", async (_, ending, read) => {
    await mkdir(at("pictures"));
    await writeFile(at("pictures", `mycat${ending}`), "");
    process.chdir(at());
    expect((await failure(() => read(`pictures/mycta${ending}`))).hint).toContain(
      `Did you mean pictures/mycat${ending}?`,
    );
    expect((await failure(() => read(`picturs/mycat${ending}`))).hint).toContain(
      `Did you mean pictures/mycat${ending}?`,
    );
  });
});

describe.skipIf(process.platform === "win32")("a pipe is not waited for:", () => {
  test.each([
    ...files.filter(([what]) => what !== "a file to inspect"),
    ["a caption", ".txt", (file: string) => readCaption(file.replace(".txt", ".png"), ".txt", false)] satisfies Reader,
    ["a cache of sizes and captions", ".json", readInfoCache] satisfies Reader,
    ["a picture", ".png", (file: string) => decodePicture(file)] satisfies Reader,
  ])("%s", async (_, ending, read) => {
    execFileSync("mkfifo", [at(`pipe${ending}`)]);
    expect((await failure(() => read(at(`pipe${ending}`)))).code).toMatch(/UNREADABLE|DATASET_CONFIG/);
  });
});

describe.skipIf(process.platform === "win32")("a pipe that the user hands over, as <(...) does, is read:", () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const kinds: readonly (readonly [what: string, reader: string, text: string])[] = [
    ["settings", 'options/index.ts").readSettingsFile', "init_word = 'seed 1'"],
    ["a dataset config in TOML", 'dataset/config/config.ts").readConfigDocument', "[general]\nclass_tokens = 'seed 1'"],
    [
      "a dataset config in JSON",
      'dataset/config/config.ts").readConfigDocument',
      '{"general": {"class_tokens": "seed 1"}}',
    ],
    ["sample prompts", 'generation/prompts/sample-prompts.ts").readSamplePrompts', "seed 1"],
    ["prompts", 'generation/prompts/read.ts").readPromptFile', "seed 1"],
  ];

  test.each(kinds)("%s", (_, reader, text) => {
    const [file, name] = reader.split('").');
    const script = `const { inspect } = await import("node:util");
      const { ${name} } = await import("./src/${file}");
      console.log(inspect(await ${name}("/dev/fd/3", { tokens: [] }), { depth: 9 }).includes("seed 1"));`;
    const command = 'printf %s "$1" | "$2" --import tsx --input-type=module -e "$3" 3<&0 < /dev/null';
    const { stdout, stderr } = spawnSync("sh", ["-c", command, "sh", text, process.execPath, script], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stdout, stderr).toBe("true\n");
  });
});

test("a settings file that is named without .toml is told of as what stands there", async () => {
  await mkdir(at("settings"));
  await writeFile(at("gui.json"), "{}");
  expect((await failure(() => readSettingsFile(at("settings")))).hint).toContain("is a folder");
  expect((await failure(() => readSettingsFile(at("gui.json")))).hint).toContain("config_textual_inversion-");
});
