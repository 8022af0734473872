import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { filesToOpen, missingFiles } from "./index.ts";

const tinySdFolder = fileURLToPath(new URL("../../assets/tiny-sd", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "folder-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the files that opening a Diffusers folder reads, and those it lacks", async () => {
  const files = readdirSync(tinySdFolder, { recursive: true, encoding: "utf8" }).map((file) =>
    file.split(path.sep).join("/"),
  );
  const read = filesToOpen([...files, "safety_checker/model.safetensors", "unet/diffusion_pytorch_model.bin"], "model");
  expect(read.toSorted()).toEqual(
    files.filter((file) => /^(model_index|scheduler\/s|(unet|vae|text_encoder)\/\w+\.)/.test(file)).toSorted(),
  );
  expect(missingFiles(tinySdFolder, "model")).toEqual([]);
  const model = path.join(folder, "model");
  cpSync(tinySdFolder, model, { recursive: true });
  rmSync(path.join(model, "text_encoder"), { recursive: true });
  rmSync(path.join(model, "vae", "config.json"));
  expect(missingFiles(model, "model")).toEqual([
    "vae/config.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
  ]);
});

test.each([
  [
    "shards of the plain weights",
    undefined,
    ["m.safetensors.index.json", "m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"],
  ],
  ["shards of a variant", "fp16", ["m.safetensors.index.fp16.json", "m.fp16-00001-of-00001.safetensors"]],
  [
    "shards of a variant as older programs name them",
    "bf16",
    ["m.safetensors.index.bf16.json", "m-00001-of-00001.bf16.safetensors"],
  ],
  ["a variant's file", "non_ema", ["m.non_ema.bin"]],
])("a network needs of its weights only %s", (_, variant, expected) => {
  const all = [
    ["m.safetensors.index.json", "m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors", "m.bin"],
    ["m.safetensors.index.fp16.json", "m.fp16-00001-of-00001.safetensors"],
    ["m.safetensors.index.bf16.json", "m-00001-of-00001.bf16.safetensors", "m.non_ema.bin"],
  ].flat();
  const named = (files: readonly string[]) =>
    files.map((file) => `vae/${file.replace(/^m/, "diffusion_pytorch_model")}`);
  expect(filesToOpen([...named(all), "vae/flax_model.msgpack"], "vae", variant)).toEqual(named(expected));
});
