import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { readTensors } from "../../test/goldens.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { readWeightFile } from "../checkpoint/index.ts";
import { encodeEmbedding, readEmbeddingFile, writeEmbedding } from "../embedding/index.ts";
import { sealed } from "../files/index.ts";
import { writeNpz } from "../formats/npz/index.ts";
import { withPngTexts } from "../formats/png-text/index.ts";
import { writeSafetensors } from "../formats/safetensors/index.ts";
import { writeTorchFile } from "../formats/torch/index.ts";
import { inspectFile } from "./index.ts";

const tinySd = fileURLToPath(new URL("../../assets/tiny-sd", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

const row = arrayOf([1, 768], new Float32Array(768).fill(0.5));
const word = { token: undefined, vectors: [row], step: 7, metadata: {} };

function put(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

test("a model: family, prediction type, kinds of number, networks", async () => {
  const model = await inspectFile(tinySd);
  expect(model).toMatchObject({
    kind: "model",
    layout: "diffusers",
    problems: [],
    missing: [],
    inputs: "latents",
    family: { value: "sd1" },
    predictionType: { value: "epsilon", reason: "scheduler_config.json says so" },
    pieces: {
      unet: { isComplete: true, dtypes: { float16: { tensors: 442 } } },
      vae: { isComplete: true },
      textEncoder: { isComplete: true, parameters: 5_198_112 },
      textEncoder2: undefined,
    },
  });
});

test("a model without its VAE: what is there all the same", async () => {
  const model = path.join(folder, "no-vae");
  cpSync(tinySd, model, { recursive: true, filter: (file) => !file.includes(`${path.sep}vae`) });
  expect(await inspectFile(model)).toMatchObject({
    kind: "model",
    family: { value: "sd1" },
    predictionType: { value: "epsilon" },
    problems: [{ code: "CHECKPOINT_INCOMPLETE" }],
    missing: ["vae/config.json", "vae/diffusion_pytorch_model.safetensors"],
    pieces: { unet: { isComplete: true }, vae: undefined, textEncoder: { isComplete: true } },
  });
});

test("a model that lacks more: everything that hinders", async () => {
  const model = path.join(folder, "lacking");
  cpSync(tinySd, model, { recursive: true, filter: (file) => !file.includes(`${path.sep}text_encoder`) });
  const file = path.join(model, "unet", "diffusion_pytorch_model.safetensors");
  const tensors = readTensors(file);
  tensors.delete("conv_out.weight");
  writeFileSync(file, writeSafetensors({ tensors }));
  expect(await inspectFile(model)).toMatchObject({
    kind: "model",
    family: undefined,
    problems: [
      { code: "CHECKPOINT_INCOMPLETE", message: expect.stringContaining("text encoder") },
      { code: "CHECKPOINT_INCOMPLETE", message: expect.stringContaining("conv_out.weight") },
    ],
    pieces: { unet: { isComplete: false }, vae: { isComplete: true }, textEncoder: undefined },
  });
});

test.each(["catx.safetensors", "catx.pt"])("an embedding %s: layout, vectors, widths, norms", async (name) => {
  const file = path.join(folder, name);
  await writeEmbedding(file, word, { layout: "kohya" });
  expect(await inspectFile(file)).toMatchObject({
    kind: "embedding",
    name: "catx",
    layout: "emb_params",
    family: "sd1",
    vectors: 1,
    tables: [{ role: "vectors", dtype: "float32", width: 768, norms: [expect.closeTo(0.5 * Math.sqrt(768), 9)] }],
    problems: [],
  });
});

test("half of an embedding for SDXL, or one with wrong widths, is named as what it is", async () => {
  const saved = (name: string, widths: Readonly<Record<string, number>>) =>
    inspectFile(
      put(
        name,
        writeSafetensors({
          tensors: new Map(
            Object.entries(widths).map(([role, width]) => [role, arrayOf([1, width], new Float32Array(width))]),
          ),
        }),
      ),
    );
  const half = (missing: string) => ({
    family: "sdxl",
    problems: [{ code: "EMBEDDING_FAMILY", message: expect.stringContaining(`${missing} is missing`) }],
  });
  expect(await saved("l.safetensors", { clip_l: 768 })).toMatchObject(half("clip_g"));
  expect(await saved("g.safetensors", { clip_g: 1280 })).toMatchObject(half("clip_l"));
  expect(await saved("bundled-g.safetensors", { "bundle_emb.x.clip_g": 1280 })).toMatchObject(half("clip_l"));
  expect(await saved("params.safetensors", { emb_params: 1280 })).toMatchObject(half("clip_l"));
  expect(await saved("numbered.pti", { text_encoders_0: 768, text_encoders_1: 1280 })).toMatchObject({
    ...{ kind: "embedding", family: "sdxl", layout: "text_encoders", problems: [] },
  });
  for (const wide of [{ "*": 2048 }, { emb_params: 4096 }])
    expect(await saved("wide.safetensors", wide as Record<string, number>)).toMatchObject({
      ...{ kind: "embedding", family: undefined, problems: [{ code: "EMBEDDING_WIDTH" }] },
    });
  for (const t5 of [{ clip_l: 768, clip_g: 1280, t5: 4096 }, { clip_l: 768, t5xxl: 4096 }, { t5: 4096 }])
    expect(await saved("t5.safetensors", t5 as Record<string, number>)).toMatchObject({
      problems: [{ code: "EMBEDDING_UNSUPPORTED", message: expect.stringContaining("Flux") }],
    });
  expect(await saved("swapped.safetensors", { clip_l: 1280, clip_g: 768 })).toMatchObject({
    family: "sdxl",
    problems: [{ code: "EMBEDDING_WIDTH", hint: expect.stringContaining("swapped") }],
  });
  expect(await saved("other.safetensors", { clip_l: 768, clip_g: 768 })).toMatchObject({
    problems: [{ code: "EMBEDDING_WIDTH", message: expect.stringContaining("768 and 1280") }],
  });
  // Complete ones: SDXL's, one for SD1 in a LoRA, and those of small models with other widths.
  for (const [widths, family] of [
    [{ clip_l: 768, clip_g: 1280 }, "sdxl"],
    [{ "bundle_emb.x.clip_l": 768 }, "sd1"],
    [{ clip_l: 1024 }, "sd2"],
    [{ clip_l: 6, clip_g: 10 }, undefined],
  ] as const)
    expect(await saved("whole.safetensors", widths)).toMatchObject({ family, problems: [] });
});

test("a picture in WebP: the embedding in its pixels, else nothing that hinders", async () => {
  const pixels = { width: 4, height: 4, channels: 3 } as const;
  const webp = await sharp(new Uint8Array(48).fill(90), { raw: pixels }).webp({ lossless: true }).toBuffer();
  expect(await inspectFile(put("plain.webp", webp))).toMatchObject({ kind: "picture", problems: [], texts: [] });
  expect(await inspectFile(put("cut.webp", webp.subarray(0, 20)))).toMatchObject({
    kind: "picture",
    problems: [{ code: "EMBEDDING_INVALID", message: expect.stringContaining("pixels cannot be read") }],
  });
});

test("a picture: the embedding in it, else its texts", async () => {
  const carrier = await encodeEmbedding("x.png", word, { layout: "png" });
  expect(await inspectFile(put("carrier.png", carrier))).toMatchObject({
    kind: "embedding",
    layout: "a1111-image",
    step: 7,
  });
  const plain = withPngTexts(carrier, [
    { keyword: "sd-ti-embedding", text: "" },
    { keyword: "prompt", text: "a cat" },
  ]);
  expect(await inspectFile(put("plain.png", plain))).toMatchObject({
    kind: "picture",
    problems: [{ code: "EMBEDDING_INVALID" }],
  });
});

test("other files of tensors are named by their kind", async () => {
  const lora = writeSafetensors({ tensors: new Map([["lora_unet_x.lora_down.weight", row]]) });
  expect(await inspectFile(put("lora.safetensors", lora))).toMatchObject({
    kind: "weights",
    label: "a LoRA",
    tensors: 1,
    problems: [],
  });
  expect(await inspectFile(path.join(tinySd, "vae", "diffusion_pytorch_model.safetensors"))).toMatchObject({
    kind: "weights",
    label: "a VAE alone",
    dtypes: { float16: { tensors: 180 } },
  });
});

test("an inpainting model is named one", async () => {
  const model = path.join(folder, "inpainting");
  cpSync(tinySd, model, { recursive: true });
  const file = path.join(model, "unet", "diffusion_pytorch_model.safetensors");
  const tensors = readTensors(file);
  const [width] = tensors.get("conv_in.weight")!.shape;
  tensors.set("conv_in.weight", arrayOf([width!, 9, 3, 3], new Float32Array(width! * 81)));
  writeFileSync(file, writeSafetensors({ tensors }));
  expect(await inspectFile(model)).toMatchObject({ kind: "model", inputs: "inpainting", problems: [] });
});

test("the folder of one network alone is named by its kind", async () => {
  expect(await inspectFile(path.join(tinySd, "vae"))).toMatchObject({ kind: "weights", label: "a VAE alone" });
});

test("a latent cache: arrays, size of the picture, what was cut out", async () => {
  const latents = { dtype: "float32", shape: [4, 8, 8], data: new Float32Array(256) } as const;
  const size = { dtype: "int64", shape: [2], data: BigInt64Array.of(80n, 64n) } as const;
  const box = { dtype: "float64", shape: [4], data: Float64Array.of(8, 0, 72, 64) } as const;
  const arrays = new Map<string, NdArray>([
    ["latents", latents],
    ["original_size", size],
    ["crop_ltrb", box],
  ]);
  const file = put("cat_0080x0064_sd.npz", writeNpz(arrays));
  expect(await inspectFile(file)).toMatchObject({
    kind: "arrays",
    label: "a latent cache",
    originalSize: [80, 64],
    cropBox: [8, 0, 72, 64],
    arrays: [{ name: "latents", dtype: "float32", shape: [4, 8, 8] }, { name: "original_size" }, { name: "crop_ltrb" }],
    problems: [],
  });
  expect(await inspectFile(put("other.npz", writeNpz(new Map([["a", latents]]))))).toMatchObject({
    kind: "arrays",
    label: "NumPy arrays",
  });
  const odd = new Map([["latents", new TextEncoder().encode("no array")]]);
  expect(await inspectFile(put("odd.npz", writeNpz(odd)))).toMatchObject({
    kind: "arrays",
    problems: [{ code: "NPZ_INVALID" }],
  });
});

test("a training state whose table has any number of vectors in no bytes, or another shape: a problem with a code", async () => {
  for (const shape of [[2 ** 40, 0], [3, 4, 5], []]) {
    const state = path.join(folder, `state-${shape.length}`);
    mkdirSync(state);
    writeFileSync(path.join(state, "state.json"), JSON.stringify({ format: "coinage training state 1" }));
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const tensors = new Map([["rows/0", { dtype: "float32", shape, data } as const]]);
    writeFileSync(path.join(state, "arrays.safetensors"), writeSafetensors({ tensors }));
    expect(await inspectFile(state)).toMatchObject({ tables: [], problems: [{ code: "STATE_UNREADABLE" }] });
  }
});

test.skipIf(process.platform === "win32")(
  "a training state with links to nothing and a pipe is inspected all the same",
  async () => {
    const state = path.join(folder, "odd-state");
    mkdirSync(state);
    writeFileSync(path.join(state, "optimizer.bin"), "");
    symlinkSync("nowhere", path.join(state, "link"));
    execFileSync("mkfifo", [path.join(state, "state.json")]);
    expect(await inspectFile(state)).toMatchObject({ kind: "training-state", program: "sd-scripts" });
  },
);

test("a training state that is not as it was written: a problem says so", async () => {
  const state = path.join(folder, "sealed-state");
  mkdirSync(state);
  const [json, arrays] = [path.join(state, "state.json"), path.join(state, "arrays.safetensors")];
  const bytes = writeSafetensors({ tensors: new Map([["rows/0", arrayOf([1, 2], Float32Array.of(3, 4))]]) });
  const text = JSON.stringify(sealed({ format: "coinage training state 2", step: 3 }, bytes));
  const problemsWith = async (stateJson: string, stateArrays: Uint8Array) => {
    writeFileSync(json, stateJson);
    writeFileSync(arrays, stateArrays);
    const found = await inspectFile(state);
    expect(found).toMatchObject({ kind: "training-state", program: "coinage" });
    return found.problems.map(({ code, message }) => `${code} ${message}`);
  };
  expect(await problemsWith(text, bytes)).toEqual([]);
  const damaged = (reason: string) => [`STATE_UNREADABLE It is damaged: ${reason}.`];
  const flipped = bytes.with(-1, bytes.at(-1)! ^ 1);
  expect(await problemsWith(text, flipped)).toEqual(damaged("its arrays were changed after they were written"));
  expect(await problemsWith(text.replace("3", "7"), bytes)).toEqual(damaged("it was changed after it was written"));
  expect(await problemsWith(text.slice(1), bytes)).toEqual(damaged("state.json cannot be read"));
});

test("a training state of sd-scripts: the learned vectors behind the vocabulary", async () => {
  const state = path.join(folder, "cat-state");
  mkdirSync(state);
  const table = new Float32Array((49408 + 2) * 3).fill(1, 49408 * 3);
  const tensors = new Map([["text_model.embeddings.token_embedding.weight", arrayOf([49410, 3], table)]]);
  writeFileSync(path.join(state, "model.safetensors"), writeSafetensors({ tensors }));
  for (const name of ["optimizer.bin", "scheduler.bin", "random_states_0.pkl"])
    writeFileSync(path.join(state, name), "not looked into");
  expect(await inspectFile(state)).toMatchObject({
    kind: "training-state",
    program: "sd-scripts",
    step: undefined,
    tables: [{ role: "vectors", width: 3, norms: [Math.sqrt(3), Math.sqrt(3)] }],
    problems: [],
  });
  writeFileSync(path.join(state, "model.safetensors"), "damaged");
  expect(await inspectFile(state)).toMatchObject({
    kind: "training-state",
    problems: [{ code: "SAFETENSORS_INVALID" }],
  });
});

test("damaged, empty and odd files are described, not thrown at", async () => {
  const whole = writeTorchFile({ emb_params: row });
  const cases = [
    ["cut.pt", whole.subarray(0, 2000), "TORCH_FILE_INVALID"],
    ["empty.safetensors", new Uint8Array(), "SAFETENSORS_INVALID"],
    ["text.txt", "hello", "CHECKPOINT_UNREADABLE"],
    ["code.pt", "\u0000".concat("x"), "CHECKPOINT_UNREADABLE"],
    ["number.pt", writeTorchFile(3), "EMBEDDING_UNRECOGNIZED"],
  ] as const;
  for (const [name, bytes, code] of cases)
    expect(await inspectFile(put(name, bytes))).toMatchObject({ kind: "unknown", problems: [{ code }] });
  await expect(inspectFile(path.join(folder, "nothing.pt"))).rejects.toThrow(
    expect.objectContaining({ code: "FILE_NOT_FOUND" }),
  );
  expect(await inspectFile(folder)).toMatchObject({ kind: "unknown" });
});

test.each([
  ["page.safetensors", "<!DOCTYPE html><html><body>Log in</body></html>", "a web page"],
  ["pointer.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"],
  ["page.ckpt", "<html>", "a web page"],
  ["a.pt", "\xff\xd8\xff\xe0", "a JPEG picture"],
])("what a download left in the place of weights is named: %s", async (name, text, kind) => {
  const file = put(name, Buffer.from(text, "latin1"));
  const message = expect.stringContaining(kind);
  expect(await inspectFile(file)).toMatchObject({ problems: [{ code: "CHECKPOINT_UNREADABLE", message }] });
  expect(() => readWeightFile(file)).toThrow(expect.objectContaining({ code: "CHECKPOINT_UNREADABLE", message }));
  await expect(readEmbeddingFile(file)).rejects.toMatchObject({ code: "EMBEDDING_INVALID", message });
});
