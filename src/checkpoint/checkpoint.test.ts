import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readTensors } from "../../test/goldens.ts";
import type { NdArray, StoredArray } from "../array/index.ts";
import { writeSafetensors } from "../formats/safetensors/index.ts";
import { writeTorchFile } from "../formats/torch/index.ts";
import { openCheckpoint, readStoredArray } from "./index.ts";

const tinySd = fileURLToPath(new URL("../../assets/tiny-sd", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parts = ["model_index.json", "scheduler", "text_encoder", "unet", "vae"] as const;
type Part = (typeof parts)[number];

let count = 0;
let model = "";

/** A folder for each test: the small model by links, of which a test replaces what it needs. */
beforeEach(() => {
  model = path.join(folder, String(count++));
  mkdirSync(model);
  for (const part of parts) symlinkSync(path.join(tinySd, part), path.join(model, part));
});

function own(part: Part): string {
  rmSync(path.join(model, part));
  cpSync(path.join(tinySd, part), path.join(model, part), { recursive: true });
  return path.join(model, part);
}

const vaeTensors = readTensors(tinySd, "vae", "diffusion_pytorch_model.safetensors");

function writeVae(name: string, tensors: ReadonlyMap<string, NdArray>): void {
  const inner = own("vae");
  rmSync(path.join(inner, "diffusion_pytorch_model.safetensors"));
  const bytes = name.endsWith(".bin") ? writeTorchFile(Object.fromEntries(tensors)) : writeSafetensors({ tensors });
  writeFileSync(path.join(inner, name), bytes);
}

function renamed(rename: (name: string) => string): Map<string, NdArray> {
  return new Map([...vaeTensors].map(([name, array]) => [rename(name), array]));
}

/** Expects the same shape, dtype and bytes; comparing a million numbers one by one takes seconds. */
function expectSame(stored: StoredArray, { dtype, shape, data }: NdArray): void {
  const found = readStoredArray(stored);
  expect([found.dtype, found.shape]).toEqual([dtype, shape]);
  expect(Buffer.compare(new Uint8Array(found.data.buffer), new Uint8Array(data.buffer))).toBe(0);
}

function refusal(code: string, message: RegExp | string = ""): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

describe("a Diffusers folder", () => {
  test("gives each network's tensors where they lie, its config, and why it was taken for what it is", async () => {
    const checkpoint = await openCheckpoint(tinySd);
    expect(checkpoint.layout).toBe("diffusers");
    expect(checkpoint.family.value).toBe("sd1");
    expect(checkpoint.predictionType).toEqual({ value: "epsilon", reason: "scheduler_config.json says so" });
    expect(checkpoint.unet.config?.cross_attention_dim).toBe(96);
    expect([...checkpoint.vae.tensors.keys()].sort()).toEqual([...vaeTensors.keys()].sort());
    for (const [name, stored] of checkpoint.vae.tensors) {
      expect(stored.bytes).toMatchObject({ file: path.join(tinySd, "vae", "diffusion_pytorch_model.safetensors") });
      expectSame(stored, vaeTensors.get(name)!);
    }
  });

  test.each([
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.bin",
    "diffusion_pytorch_model.fp16.bin",
  ])("may name its weights %s", async (name) => {
    writeVae(name, vaeTensors);
    expect((await openCheckpoint(model)).vae.tensors.size).toBe(vaeTensors.size);
  });

  test("gives the variant that is asked for before the plain files", async () => {
    writeFileSync(
      path.join(own("vae"), "diffusion_pytorch_model.bf16.safetensors"),
      writeSafetensors({ tensors: vaeTensors }),
    );
    const { vae } = await openCheckpoint(model, { variant: "bf16" });
    const [stored] = vae.tensors.values();
    expect(stored!.bytes).toMatchObject({ file: expect.stringContaining("bf16") });
  });

  test("may call the parts of the VAE's attention by their names before 2023, and hold them as convolutions", async () => {
    const old = { to_q: "query", to_k: "key", to_v: "value", "to_out.0": "proj_attn" };
    const tensors = renamed((name) =>
      name.replace(/(?<=attentions\.0\.)to_\w+(\.0)?/, (part) => old[part as keyof typeof old]),
    );
    for (const [name, array] of tensors)
      if (/\.(query|key|value|proj_attn)\.weight$/.test(name))
        tensors.set(name, { ...array, shape: [...array.shape, 1, 1] });
    writeVae("diffusion_pytorch_model.safetensors", tensors);
    const { vae } = await openCheckpoint(model);
    for (const [name, stored] of vae.tensors) expectSame(stored, vaeTensors.get(name)!);
  });

  test("that lacks tensors is an error naming the first", async () => {
    const tensors = new Map(vaeTensors);
    tensors.delete("decoder.up_blocks.0.resnets.1.conv2.weight");
    writeVae("diffusion_pytorch_model.safetensors", tensors);
    await expect(openCheckpoint(model)).rejects.toThrow(
      refusal("CHECKPOINT_INCOMPLETE", /VAE .* lacks 1 tensor: decoder\.up_blocks\.0\.resnets\.1\.conv2\.weight/),
    );
  });

  test.each([
    ["text_encoder", "model", /encoder\.layers\.3\./, "encoder.layers.3."],
    ["unet", "diffusion_pytorch_model", /(down|up)_blocks\.3\./, "up_blocks.3."],
    ["vae", "diffusion_pytorch_model", /(down|up)_blocks\.3\./, "encoder.down_blocks.3."],
  ] as const)("that lacks the last parts its config states is an error: %s", async (part, base, lost, first) => {
    const file = path.join(own(part), `${base}.safetensors`);
    const kept = [...readTensors(tinySd, part, `${base}.safetensors`)].filter(([name]) => !lost.test(name));
    writeFileSync(file, writeSafetensors({ tensors: new Map(kept) }));
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE", first));
  });

  test("with tensors that no model of its kind has says so", async () => {
    const strange = { dtype: "float32", shape: [1], data: new Float32Array(1) } as const;
    const opened = async (...names: string[]) => {
      const more = names.map((name) => [name, strange] as const);
      writeFileSync(file, writeSafetensors({ tensors: new Map([...vaeTensors, ...more]) }));
      return (await openCheckpoint(model)).warnings;
    };
    const file = path.join(own("vae"), "diffusion_pytorch_model.safetensors");
    expect(await opened("loss.logvar", "model_ema.decay")).toEqual([]);
    expect(await opened("decoder.up_blocks.0.resnets.9.conv1.weight", "decoder.extra.bias")).toEqual([
      expect.stringMatching(/VAE .* 2 tensors .*decoder\.(up_blocks\.0\.resnets\.9\.conv1\.weight|extra\.bias)/),
    ]);
  });

  test("whose config is nested without end is an error", async () => {
    writeFileSync(
      path.join(own("unet"), "config.json"),
      `{"class_embed_type": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    );
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_UNREADABLE", "nesting"));
  });

  test("with weights of another kind of number is an error naming it", async () => {
    const tensors = new Map(vaeTensors);
    tensors.set("quant_conv.bias", { dtype: "int32", shape: [8], data: new Int32Array(8) });
    writeVae("diffusion_pytorch_model.safetensors", tensors);
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_DTYPE", /quant_conv\.bias.*int32/));
  });

  test("that is cut short is an error, wherever it is cut", async () => {
    const file = path.join(own("vae"), "diffusion_pytorch_model.safetensors");
    const bytes = readFileSync(file);
    for (const length of [0, 7, 8, 1000, 30_000, bytes.length - 1]) {
      writeFileSync(file, bytes.subarray(0, length));
      await expect(openCheckpoint(model)).rejects.toThrow(refusal("SAFETENSORS_INVALID"));
    }
  });

  test("without one of its networks, or of another pipeline, says so", async () => {
    rmSync(path.join(model, "unet"));
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE", "U-Net"));
    writeFileSync(own("model_index.json"), JSON.stringify({ _class_name: "FluxPipeline" }));
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_FOREIGN", "FluxPipeline"));
  });

  test("whose config asks for parts that are not built here is refused", async () => {
    const file = path.join(own("unet"), "config.json");
    const config = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...config, class_embed_type: "timestep" }));
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_FOREIGN", "class_embed_type"));
  });

  test("in shards is put together by the index, which may not lead out of the folder", async () => {
    const names = [...vaeTensors.keys()];
    const [first, second] = ["part-a.safetensors", "part-b.safetensors"] as const;
    writeVae(first, new Map([...vaeTensors].slice(0, 40)));
    const inner = path.join(model, "vae");
    writeFileSync(path.join(inner, second), writeSafetensors({ tensors: new Map([...vaeTensors].slice(40)) }));
    const index = (b: string) => {
      const map = Object.fromEntries(names.map((name, i) => [name, i < 40 ? first : b]));
      writeFileSync(
        path.join(inner, "diffusion_pytorch_model.safetensors.index.json"),
        JSON.stringify({ weight_map: map }),
      );
    };
    index(second);
    expect((await openCheckpoint(model)).vae.tensors.size).toBe(vaeTensors.size);
    index("part-c.safetensors");
    await expect(openCheckpoint(model)).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE", "part-c"));
    for (const outside of ["../vae/part-b.safetensors", "a\\b.safetensors", "..", "", "a\0", "a".repeat(300)]) {
      index(outside);
      await expect(openCheckpoint(model)).rejects.toThrow(
        refusal("CHECKPOINT_UNREADABLE", "other than a file in its own folder"),
      );
    }
  });
});

describe("what the user says of a model", () => {
  test("is refused where the file shows something else", async () => {
    await expect(openCheckpoint(tinySd, { family: "sd2" })).rejects.toThrow(
      expect.objectContaining({
        code: "CHECKPOINT_CONTRADICTED",
        where: "--v2",
        message: expect.stringMatching(/Stable Diffusion 1 .*QuickGELU/),
      }),
    );
    await expect(openCheckpoint(tinySd, { family: "sdxl" })).rejects.toThrow(refusal("CHECKPOINT_CONTRADICTED"));
    await expect(openCheckpoint(tinySd, { predictionType: "v_prediction" })).rejects.toThrow(
      refusal("CHECKPOINT_CONTRADICTED", /predicts noise \(epsilon\) \(scheduler_config\.json says so\)/),
    );
  });

  test("is fine where it says the same", async () => {
    const { family, predictionType, warnings } = await openCheckpoint(tinySd, {
      family: "sd1",
      predictionType: "epsilon",
    });
    expect([family.value, predictionType.value, warnings]).toEqual(["sd1", "epsilon", []]);
  });

  test("is followed where the file leaves it open, with a warning where it looks otherwise", async () => {
    const config = JSON.parse(readFileSync(path.join(tinySd, "text_encoder", "config.json"), "utf8"));
    writeFileSync(path.join(own("text_encoder"), "config.json"), JSON.stringify({ ...config, hidden_act: undefined }));
    rmSync(path.join(model, "scheduler"));
    const { family, predictionType, warnings } = await openCheckpoint(model, {
      family: "sd2",
      predictionType: "v_prediction",
    });
    expect([family.value, predictionType.value]).toEqual(["sd2", "v_prediction"]);
    expect(warnings).toEqual([expect.stringMatching(/nothing about it says otherwise.*used as --v2 says/)]);
  });
});

describe("another VAE", () => {
  test.each(["vae.safetensors", "vae.pt"])("from a file %s takes the place of the model's", async (name) => {
    const file = path.join(model, name);
    writeFileSync(
      file,
      name.endsWith(".pt")
        ? writeTorchFile({ state_dict: Object.fromEntries(vaeTensors) })
        : writeSafetensors({ tensors: vaeTensors }),
    );
    const { vae } = await openCheckpoint(tinySd, { vae: file });
    expect(vae.config).toBeUndefined();
    for (const [key, stored] of vae.tensors) {
      expect(stored.bytes).toMatchObject({ file });
      expectSame(stored, vaeTensors.get(key)!);
    }
  });

  test("may be a VAE's folder or a whole model's", async () => {
    const [ofFolder, ofModel] = [path.join(tinySd, "vae"), tinySd].map((vae) => openCheckpoint(tinySd, { vae }));
    expect((await ofFolder!).vae).toEqual((await ofModel!).vae);
  });

  test("is missed where there is none", async () => {
    const vae = path.join(tinySd, "text_encoder", "model.safetensors");
    await expect(openCheckpoint(tinySd, { vae })).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE", "no VAE"));
  });
});
