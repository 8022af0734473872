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
