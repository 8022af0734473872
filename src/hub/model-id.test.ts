import { expect, test } from "vitest";
import { parseModelId } from "./model-id.ts";

test.each([
  ["stabilityai/stable-diffusion-2-1-base", "stabilityai/stable-diffusion-2-1-base", undefined, undefined],
  ["runwayml/stable-diffusion-v1-5@fp16", "runwayml/stable-diffusion-v1-5", "fp16", undefined],
  ["a/b@refs/pr/7", "a/b", "refs/pr/7", undefined],
  ["https://huggingface.co/a/b", "a/b", undefined, undefined],
  ["https://huggingface.co/a/b/tree/fp16", "a/b", "fp16", undefined],
  ["https://huggingface.co/a/b/blob/main/sub/m%20x.ckpt?download=true", "a/b", "main", "sub/m x.ckpt"],
])("%s names a model of the hub", (text, name, revision, file) => {
  expect(parseModelId(text)).toEqual({ name, revision, file });
});

test.each([
  "model.safetensors",
  "models/model.safetensors",
  "models/sub/model",
  "../models/sd15",
  "./sd15",
  "/models/sd15",
  "C:\\models\\sd15",
  "a/b@../../etc",
  "a/b@",
  "a--b/c",
  "https://huggingface.co/a/b/blob/main/../../x",
  "https://example.com/a/b",
  "",
])("%s does not", (text) => {
  expect(parseModelId(text)).toBeUndefined();
});

test("addresses of the server that HF_ENDPOINT names are known, too, without its password", () => {
  const file = { name: "a/b", revision: "main", file: "x.ckpt" };
  const page = "https://hub.example/path/a/b/blob/main/x.ckpt";
  expect(parseModelId(page, "https://me:secret@hub.example/path/")).toEqual(file);
  expect(parseModelId(page, "https://hub.example")).toBeUndefined();
  expect(parseModelId("a/b", "no address")).toEqual({ name: "a/b" });
});
