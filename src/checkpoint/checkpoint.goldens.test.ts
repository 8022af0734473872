import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, readJson, readTensors } from "../../test/goldens.ts";
import { type StoredArray, toFloat32 } from "../array/index.ts";
import { type Checkpoint, type Component, openCheckpoint, readStoredArray } from "./index.ts";

interface Family {
  readonly name: string;
  readonly kind: "sd1" | "sd2" | "sdxl";
  readonly files: readonly {
    readonly path: string;
    readonly layout: "single" | "diffusers";
    readonly container: string;
  }[];
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const folders = { unet: "unet", vae: "vae", textEncoder: "text_encoder", textEncoder2: "text_encoder_2" } as const;
type Part = keyof typeof folders;

describeGoldens("models", (folder) => {
  const { families } = readJson<{ readonly families: readonly Family[] }>(folder, "index.json");
  const files = families.flatMap((family) => family.files.map((file) => ({ ...file, family })));

  test.each(files)("$path is opened as its family and layout", async ({ path: file, layout, family }) => {
    const checkpoint = await openCheckpoint(path.join(folder, file));
    expect(checkpoint.family.value).toBe(family.kind);
    expect(checkpoint.layout).toBe(layout === "single" ? "single-file" : "diffusers");
    expect(checkpoint.textEncoder2 !== undefined).toBe(family.kind === "sdxl");
    expect(checkpoint.warnings).toEqual([]);
    if (layout === "diffusers") expect(checkpoint.predictionType.value).toBe(family.configs.scheduler?.prediction_type);
  });

  test.each(families)("the files of $name hold the same tensors", async (family) => {
    const [first, ...others] = await Promise.all(
      family.files.map((file) => openCheckpoint(path.join(folder, file.path))),
    );
    for (const part of Object.keys(folders) as Part[]) {
      const reference = values(first!, part);
      for (const other of others) expectSameTensors(values(other, part), reference);
    }
  });

  const diffusersFolders = files.filter(({ layout }) => layout === "diffusers");
  test.each(diffusersFolders)(
    "$path: configs and .safetensors tensors are those of the files",
    async ({ path: file, family }) => {
      const checkpoint = await openCheckpoint(path.join(folder, file));
      expect(checkpoint.schedulerConfig).toEqual(family.configs.scheduler);
      for (const [part, name] of Object.entries(folders) as [Part, string][]) {
        const component = checkpoint[part];
        if (!component) continue;
        expect(component.config).toEqual(family.configs[name]);
        const weights = ["model.safetensors", "diffusion_pytorch_model.safetensors"]
          .map((base) => path.join(folder, file, name, base))
          .find((candidate) => existsSync(candidate));
        if (!weights) continue;
        const raw = [...readTensors(weights)].map(([key, array]) => [key, toFloat32(array)] as const);
        expectSameTensors(values(checkpoint, part), new Map(raw));
      }
    },
  );
});

type Values = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

function values(checkpoint: Checkpoint, part: Part): Values {
  const component = checkpoint[part];
  if (!component) return new Map();
  return new Map([...component.tensors].map(([name, stored]) => [name, upright(component, name, stored)]));
}

function upright(component: Component, name: string, stored: StoredArray) {
  const { shape, data } = toFloat32(readStoredArray(stored));
  if (!component.storedTransposed.has(name)) return { shape, data };
  const [rows, columns] = shape as [number, number];
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return { shape: [columns, rows], data: turned };
}

function expectSameTensors(actual: Values, expected: Values): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { shape, data }] of expected) {
    expect({ name, shape: actual.get(name)!.shape }).toEqual({ name, shape });
    const same = Buffer.compare(bytesOf(actual.get(name)!.data), bytesOf(data)) === 0;
    expect({ name, same }).toEqual({ name, same: true });
  }
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
