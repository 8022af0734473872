import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { arrayOf, type NdArray } from "./array/index.ts";
import { convert } from "./convert.ts";
import { writeSafetensors } from "./formats/safetensors/index.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "convert-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);
const table = (width: number, vectors = 1): NdArray =>
  arrayOf([vectors, width], new Float32Array(vectors * width).fill(0.5));

function put(tensors: Readonly<Record<string, NdArray>>): string {
  writeFileSync(at("from.safetensors"), writeSafetensors({ tensors: new Map(Object.entries(tensors)) }));
  return at("from.safetensors");
}

describe("half of a word for SDXL is not written as one for another model", () => {
  test.each([
    ["clip_l", "EMBEDDING_FAMILY", { clip_l: table(768) }, "clip_g is missing"],
    ["clip_g", "EMBEDDING_FAMILY", { clip_g: table(1280) }, "clip_l is missing"],
    ["for another kind of model", "EMBEDDING_WIDTH", { emb_params: table(4096) }, "4096"],
    ["swapped", "EMBEDDING_WIDTH", { clip_l: table(1280), clip_g: table(768) }, "768 and 1280"],
  ])("%s", async (_, code, tensors, message) => {
    for (const name of ["to.safetensors", "to.pt", "to.bin", "to.png"]) {
      await expect(convert(put(tensors), at(name))).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
      expect(existsSync(at(name))).toBe(false);
    }
  });
});

describe("what other programs make of the file is said when it is written", () => {
  const single = { emb_params: table(768) };
  const several = { emb_params: table(768, 2) };
  const pair = { clip_l: table(768), clip_g: table(1280) };

  test.each([
    ["to.safetensors", undefined, single, []],
    ["to.pt", undefined, single, []],
    ["to.png", undefined, single, []],
    ["to.safetensors", undefined, pair, []],
    ["to.safetensors", "diffusers", several, [/InvokeAI .*--to invoke/]],
    ["to.safetensors", "diffusers", single, [/gen_img and SD\.Next .*--to kohya/]],
    ["to.bin", undefined, single, [/gen_img and SD\.Next .*--to kohya/, /SD\.Next reads \.safetensors.*--to a1111/]],
    ["to.pt", "kohya", single, []],
    ["to.bin", "invoke", single, []],
    ["to.pt", undefined, pair, [/SD\.Next reads \.safetensors files\.$/]],
    ["to.CKPT", undefined, several, [/A1111, Forge and ComfyUI .* to\.pt/]],
  ] as const)("%s in layout %s", async (name, layout, tensors, said) => {
    const { warnings } = await convert(put(tensors), at(name), { overwrite: true, ...(layout && { layout }) });
    expect(warnings).toEqual(said.map((text) => expect.stringMatching(text)));
  });

  test("the lines that load both tables of SDXL in diffusers are shown", async () => {
    const lines = async (name: string, tensors: Readonly<Record<string, NdArray>>) =>
      (await convert(put(tensors), at(name), { layout: "diffusers", overwrite: true })).diffusersLines;
    expect(await lines("mycat.safetensors", pair)).toEqual([
      'tables = safetensors.torch.load_file("mycat.safetensors")',
      'pipe.load_textual_inversion(tables["clip_l"], token="mycat", text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)',
      'pipe.load_textual_inversion(tables["clip_g"], token="mycat", text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)',
    ]);
    expect((await lines("mycat.bin", pair))[0]).toBe('tables = torch.load("mycat.bin")');
    expect(await lines("mycat.safetensors", single)).toEqual([]);
  });
});
