import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { arrayOf, type NdArray, toFloat32 } from "../array/index.ts";
import { writeFileAtomically } from "../files/index.ts";
import { readPngTexts, withPngTexts } from "../formats/png-text/index.ts";
import { writeSafetensors } from "../formats/safetensors/index.ts";
import type { Picture } from "../pictures/index.ts";
import {
  embeddingForModel,
  embeddingOfFile,
  encodeEmbedding,
  type LearnedEmbedding,
  modelSpecMetadata,
  readEmbeddingFile,
  readInitialVectors,
  type TargetModel,
  writeEmbedding,
} from "./index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "embedding-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sd1: TargetModel = { label: "Stable Diffusion 1", widths: [768] };
const sdxl: TargetModel = { label: "Stable Diffusion XL", widths: [768, 1280] };

function table(count: number, width: number): NdArray<Float32Array> {
  return arrayOf(
    [count, width],
    Float32Array.from({ length: count * width }, (_, i) => Math.sin(i) * 0.03),
  );
}

async function load(file: string, model: TargetModel): Promise<LearnedEmbedding> {
  return embeddingForModel(await readEmbeddingFile(file), model);
}

function word(...vectors: NdArray[]): LearnedEmbedding {
  return { token: "<catx>", vectors, step: 1500, metadata: { "modelspec.title": "catx" } };
}

describe("written files are read back with the same vectors", () => {
  const cases = [
    { layout: "kohya", file: "catx.safetensors", found: "emb_params" },
    { layout: "kohya", file: "catx.pt", found: "emb_params" },
    { layout: "a1111", file: "catx-a1111.pt", found: "a1111" },
    { layout: "diffusers", file: "learned.safetensors", found: "token" },
    { layout: "diffusers", file: "learned.bin", found: "token" },
    { layout: "invoke", file: "catx-invoke.safetensors", found: "emb_params" },
    { layout: "png", file: "catx.png", found: "a1111-image" },
  ] as const;

  test.each(cases)("$layout as $file", async ({ layout, file, found }) => {
    for (const count of [1, 3]) {
      const target = path.join(folder, file);
      await writeEmbedding(target, word(table(count, 768)), { layout });
      expect((await readEmbeddingFile(target)).layout).toBe(found);
      expect((await load(target, sd1)).vectors).toEqual([table(count, 768)]);
    }
  });

  test.each(["kohya", "diffusers", "invoke"] as const)("the two tables of SDXL as %s", async (layout) => {
    for (const extension of [".safetensors", ".pt"]) {
      const target = path.join(folder, `xl-${layout}${extension}`);
      await writeEmbedding(target, word(table(2, 768), table(2, 1280)), { layout });
      expect((await load(target, sdxl)).vectors).toEqual([table(2, 768), table(2, 1280)]);
    }
  });

  test("metadata travel with kohya's .safetensors, the author's word and the steps with the layouts that have a place for them", async () => {
    const read = async (file: string) => readEmbeddingFile(path.join(folder, file));
    expect((await read("catx.safetensors")).metadata).toEqual({ "modelspec.title": "catx" });
    expect((await read("learned.safetensors")).token).toBe("<catx>");
    expect((await read("catx-a1111.pt")).step).toBe(1500);
    expect((await read("catx.png")).step).toBe(1500);
  });
});

test("a file is rewritten in another layout without knowing the model", async () => {
  const from = path.join(folder, "from.pt");
  const to = path.join(folder, "to.safetensors");
  await writeEmbedding(from, word(table(2, 768), table(2, 1280)), { layout: "kohya" });
  await writeEmbedding(to, embeddingOfFile(await readEmbeddingFile(from)), { layout: "invoke" });
  expect((await load(to, sdxl)).vectors).toEqual([table(2, 768), table(2, 1280)]);
});

test("a single vector stands in a diffusers file without its first axis, which InvokeAI needs", async () => {
  const target = path.join(folder, "one.safetensors");
  await writeEmbedding(target, word(table(1, 768)), { layout: "diffusers" });
  const bytes = await encodeEmbedding(target, word(table(1, 768)), { layout: "diffusers" });
  expect(new TextDecoder().decode(bytes.subarray(8, 120))).toContain('"shape":[768]');
});

test("saving in half precision rounds to the nearest", async () => {
  const vectors = arrayOf([1, 4], [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 1e-8]);
  const target: TargetModel = { label: "tiny", widths: [4] };
  for (const [precision, expected] of [
    ["fp16", [1, 1, 1 + 2 ** -9, 0]],
    ["bf16", [1, 1, 1, 1.00117176771e-8]],
    ["float", [...vectors.data]],
  ] as const) {
    const file = path.join(folder, `${precision}.safetensors`);
    await writeEmbedding(file, word(vectors), { layout: "kohya", precision });
    const [saved] = (await load(file, target)).vectors;
    for (const [i, value] of toFloat32(saved!).data.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
  }
});

test("a given picture carries the word and keeps its own texts", async () => {
  const carrier = await encodeEmbedding("x.png", word(table(1, 768)), { layout: "png" });
  const again = await encodeEmbedding("y.png", word(table(2, 768)), { layout: "png", picture: carrier });
  expect(readPngTexts(again).map(({ keyword }) => keyword)).toEqual(["sd-ti-embedding"]);
});

/** Vectors as the web UI hides them: packed JSON in the lower four bits left and right of an image, XORed with a pseudo-random pattern. */
function hidden(vectors: readonly (readonly number[])[]): Picture {
  const packed = deflateSync(JSON.stringify({ name: "catx", string_to_param: { "*": { TORCHTENSOR: vectors } } }), {
    level: 9,
  });
  const height = 16;
  const width = Math.ceil(packed.length / (3 * height));
  const [columns, middle] = [2 * width + 10, 8];
  const data = new Uint8Array(columns * height * 3);
  for (const [shift, left] of [
    [0, 0],
    [4, width + 2 + middle],
  ] as const) {
    let state = 0;
    for (let i = 0; i < width * height * 3; i++) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      const x = left + Math.floor((i % (width * 3)) / 3);
      const at = (Math.floor(i / (width * 3)) * columns + x) * 3 + (i % 3);
      data[at] = 0xa0 | (((packed[i % packed.length]! >> shift) & 15) ^ ((state % 255) & 15));
    }
  }
  for (let y = 0; y < height; y++)
    for (let x = width + 1; x < width + 1 + middle; x++)
      data.fill(0x7f, (y * columns + x) * 3, (y * columns + x) * 3 + 3);
  return { width: columns, height, channels: 3, data };
}

describe("pictures that the web UI writes carry a word", () => {
  const vectors = [Array.from({ length: 768 }, (_, i) => Math.fround(Math.sin(i) / 20))];
  const { data, ...size } = hidden(vectors);
  const raw = () => sharp(data, { raw: size });

  test.each(["png", "webp"] as const)("in the pixels of %s, where nothing of them is lost", async (kind) => {
    const file = path.join(folder, `hidden.${kind}`);
    await (kind === "png" ? raw().png() : raw().webp({ lossless: true })).toFile(file);
    const found = await readEmbeddingFile(file);
    expect(found).toMatchObject({ container: kind, layout: "a1111-image", name: "hidden" });
    expect(embeddingOfFile(found).vectors).toEqual([arrayOf([1, 768], Float32Array.from(vectors[0]!))]);
  });

  test("and lose it where the pixels change", async () => {
    for (const kind of ["webp", "avif"] as const) {
      const file = path.join(folder, `lost.${kind}`);
      await raw()[kind]({ quality: 50 }).toFile(file);
      await expect(readEmbeddingFile(file)).rejects.toMatchObject({ code: "EMBEDDING_UNRECOGNIZED" });
    }
  });
});

test.each([
  [
    "numbers nested without end",
    `{"string_to_param":{"*":{"TORCHTENSOR":${"[".repeat(50_000)}${"]".repeat(50_000)}}}}`,
    "nesting",
  ],
  ["blanks without end", undefined, "not base64"],
])("a picture whose text holds %s is refused at once", async (_, json, message) => {
  const text = json === undefined ? `A${" ".repeat(500_000)}!` : Buffer.from(json).toString("base64");
  const carrier = await encodeEmbedding("x.png", word(table(1, 768)), { layout: "png" });
  const file = path.join(folder, "deep.png");
  await writeFileAtomically(file, withPngTexts(carrier, [{ keyword: "sd-ti-embedding", text }]));
  await expect(readEmbeddingFile(file)).rejects.toMatchObject({
    code: "EMBEDDING_INVALID",
    message: expect.stringContaining(message),
  });
});

test("layouts that cannot hold a word, or not in that kind of file, say so", async () => {
  const xl = word(table(1, 768), table(1, 1280));
  for (const [file, layout] of [
    ["x.pt", "a1111"],
    ["x.png", "png"],
  ] as const)
    await expect(encodeEmbedding(file, xl, { layout })).rejects.toThrow(
      expect.objectContaining({ code: "EMBEDDING_UNSUPPORTED" }),
    );
  await expect(encodeEmbedding("x.safetensors", word(table(1, 768)), { layout: "a1111" })).rejects.toThrow(
    expect.objectContaining({ code: "EMBEDDING_UNSUPPORTED" }),
  );
});

describe("a word with vectors for each layer (XTI)", () => {
  const layers = ["IN01", "MID", "OUT03"];
  const model: TargetModel = { ...sd1, layers };
  const layered: LearnedEmbedding = { ...word(table(6, 768)), layers };

  test.each(["catx-xti.safetensors", "catx-xti.pt"])(
    "is written as a tensor a layer and read back: %s",
    async (name) => {
      const target = path.join(folder, name);
      await writeEmbedding(target, layered, { layout: "kohya" });
      const file = await readEmbeddingFile(target);
      expect(file.layout).toBe("xti");
      const rows = (from: number) => table(6, 768).data.slice(from * 768, (from + 2) * 768);
      expect([...file.tables]).toEqual(layers.map((layer, i) => [layer, arrayOf([2, 768], rows(2 * i))]));
      expect(embeddingOfFile(file)).toMatchObject({ vectors: [table(6, 768)], layers });
      expect(await readInitialVectors(target, model, 2)).toEqual({ vectors: [table(6, 768)], warnings: [] });
    },
  );

  test("matches layers by their names, not by their order in the file", async () => {
    const target = path.join(folder, "turned.pt");
    const turned = { ...layered, vectors: [table(3, 4)], layers: layers.toReversed() };
    await writeEmbedding(target, turned, { layout: "kohya" });
    const { vectors } = await load(target, { ...model, widths: [4] });
    const [a, b, c] = [0, 1, 2].map((row) => [...table(3, 4).data.slice(row * 4, row * 4 + 4)]);
    expect([...vectors[0]!.data].map(Number)).toEqual([...c!, ...b!, ...a!]);
  });

  test("stands in no other program's layout", async () => {
    for (const [file, layout] of [
      ["x.pt", "a1111"],
      ["x.bin", "diffusers"],
      ["x.safetensors", "invoke"],
      ["x.png", "png"],
    ] as const)
      await expect(encodeEmbedding(file, layered, { layout })).rejects.toMatchObject({ code: "EMBEDDING_UNSUPPORTED" });
  });

  test("fits only what asks for it, with as many vectors, for the same layers and of the same width", async () => {
    const [target, plain] = ["xti.safetensors", "plain.safetensors"].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    await writeEmbedding(target, layered, { layout: "kohya" });
    await writeEmbedding(plain, word(table(2, 768)), { layout: "kohya" });
    const refusal = (file: string, wanted: TargetModel, count = 2) =>
      readInitialVectors(file, wanted, count).then(
        () => undefined,
        ({ code, message }) => ({ code, message }),
      );
    expect(await refusal(target, sd1)).toMatchObject({ code: "EMBEDDING_UNSUPPORTED" });
    expect(await refusal(plain, model)).toMatchObject({ code: "EMBEDDING_UNSUPPORTED" });
    expect(await refusal(target, model, 6)).toMatchObject({
      code: "EMBEDDING_COUNT",
      message: expect.stringContaining("2 vectors, 6"),
    });
    for (const others of [
      ["IN01", "MID"],
      ["IN01", "MID", "OUT04"],
      [...layers, "OUT04"],
    ])
      expect(await refusal(target, { ...model, layers: others })).toMatchObject({ code: "EMBEDDING_LAYERS" });
    expect(await refusal(target, { ...model, widths: [1024] })).toMatchObject({ code: "EMBEDDING_WIDTH" });
  });
});

describe("--weights", () => {
  async function saved(name: string, tensors: Readonly<Record<string, NdArray>>): Promise<string> {
    const file = path.join(folder, name);
    await writeFileAtomically(file, writeSafetensors({ tensors: new Map(Object.entries(tensors)) }));
    return file;
  }

  test("gives the vectors, whatever their name", async () => {
    const file = await saved("any-name.safetensors", { whatever: table(2, 768) });
    expect(await readInitialVectors(file, sd1, 2)).toEqual({ vectors: [table(2, 768)], warnings: [] });
  });

  test("of several tensors the first in file order counts, with a warning", async () => {
    const file = await saved("several.safetensors", { a: table(2, 768), b: table(1, 768) });
    const { vectors, warnings } = await readInitialVectors(file, sd1, 2);
    expect(vectors).toEqual([table(2, 768)]);
    expect(warnings.join()).toContain('"a"');
  });

  test("another number of vectors is an error naming both", async () => {
    const file = await saved("two.safetensors", { emb_params: table(2, 768) });
    await expect(readInitialVectors(file, sd1, 4)).rejects.toThrow(/2 vectors, 4 requested/);
  });

  test("half an SDXL pair starts its own encoder and warns about the other", async () => {
    const file = await saved("half.safetensors", { clip_g: table(1, 1280) });
    const { vectors, warnings } = await readInitialVectors(file, sdxl, 1);
    expect(vectors).toEqual([undefined, table(1, 1280)]);
    expect(warnings.join()).toContain("clip_l");
  });

  test("another width is an error naming both", async () => {
    const file = await saved("sd2.safetensors", { emb_params: table(1, 1024) });
    await expect(readInitialVectors(file, sd1, 1)).rejects.toThrow(/1024 .* 768/);
  });
});

describe("modelspec metadata", () => {
  const date = new Date(2023, 10, 14, 22, 13, 20);
  const plain = { title: "catx", date, implementationVersion: "coinage/0.1.0" } as const;

  test("are those of sd-scripts, with the unset entries left out", () => {
    expect(
      modelSpecMetadata({ ...plain, family: "sd1", predictionType: "epsilon", resolution: "512,640", clipSkip: 2 }),
    ).toEqual({
      "modelspec.sai_model_spec": "1.0.1",
      "modelspec.architecture": "stable-diffusion-v1/textual-inversion",
      "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
      "modelspec.implementation_version": "coinage/0.1.0",
      "modelspec.title": "catx",
      "modelspec.resolution": "512x640",
      "modelspec.date": "2023-11-14T22:13:20",
      "modelspec.prediction_type": "epsilon",
      "modelspec.encoder_layer": "2",
    });
  });

  test.each([
    ["sd1", "epsilon", "stable-diffusion-v1", "512x512"],
    ["sd2", "epsilon", "stable-diffusion-v2-512", "512x512"],
    ["sd2", "v_prediction", "stable-diffusion-v2-768-v", "768x768"],
    ["sdxl", "epsilon", "stable-diffusion-xl-v1-base", "1024x1024"],
  ] as const)("%s, %s: %s at %s", (family, predictionType, architecture, resolution) => {
    const metadata = modelSpecMetadata({ ...plain, family, predictionType });
    expect(metadata["modelspec.architecture"]).toBe(`${architecture}/textual-inversion`);
    expect(metadata["modelspec.resolution"]).toBe(resolution);
    expect(metadata["modelspec.prediction_type"]).toBe(predictionType === "v_prediction" ? "v" : "epsilon");
  });

  test("a timestep range is told when one of its ends is set, descriptions when given", () => {
    const about = {
      ...plain,
      family: "sd1",
      predictionType: "epsilon",
      descriptions: { author: "me", tags: undefined },
    } as const;
    expect(modelSpecMetadata({ ...about, maxTimestep: 900 })["modelspec.timestep_range"]).toBe("0,900");
    expect(modelSpecMetadata({ ...about, minTimestep: 100 })["modelspec.timestep_range"]).toBe("100,1000");
    const metadata = modelSpecMetadata({ ...about, resolution: "768" });
    expect(metadata["modelspec.resolution"]).toBe("768x768");
    expect(metadata["modelspec.author"]).toBe("me");
    expect("modelspec.tags" in metadata || "modelspec.timestep_range" in metadata).toBe(false);
  });
});

test("a picture's text that is nearly base64 is refused as fast as it is read", async () => {
  const picture = await encodeEmbedding("catx.png", word(table(1, 768)), { layout: "png" });
  const file = path.join(folder, "blanks.png");
  for (const text of [`${" ".repeat(2e6)}!`, `${"A".repeat(8e6)}!`, `AAAA${"=".repeat(1e6)}`]) {
    writeFileSync(file, withPngTexts(picture, [{ keyword: "sd-ti-embedding", text }]));
    await expect(readEmbeddingFile(file)).rejects.toThrow(expect.objectContaining({ code: "EMBEDDING_INVALID" }));
  }
});
