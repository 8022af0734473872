import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { writeSafetensors } from "../formats/safetensors/index.ts";
import { openCheckpoint, surveyCheckpoint } from "./index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

function singleFile(names: Readonly<Record<string, readonly number[]>>): string {
  const file = path.join(folder, `single-${count++}.safetensors`);
  const zeros = (shape: readonly number[]) => arrayOf(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const tensors = new Map(Object.entries(names).map(([name, shape]) => [name, zeros(shape)]));
  writeFileSync(file, writeSafetensors({ tensors }));
  return file;
}

function refusal(code: string, message: RegExp | string = ""): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

describe("a single file that is no base model is refused by its kind", () => {
  test.each([
    ["a LoRA", { "lora_unet_mid_block.lora_down.weight": [1] }],
    ["a ControlNet", { "control_model.input_blocks.0.0.weight": [1], "model.diffusion_model.out.0.weight": [1] }],
    ["an SDXL refiner", { "conditioner.embedders.0.model.transformer.resblocks.0.mlp.c_proj.bias": [1] }],
    ["a Textual Inversion embedding", { emb_params: [1, 768] }],
    ["Stable Diffusion 3 or Flux", { "model.diffusion_model.joint_blocks.0.x.weight": [1] }],
    ["EDM", { "cond_stage_model.transformer.x": [1], edm_mean: [1] }],
    ["without tensors", {}],
  ] as const)("%s", async (label, names) => {
    await expect(openCheckpoint(singleFile(names))).rejects.toThrow(refusal("CHECKPOINT_FOREIGN", label));
  });

  test("an inpainting model", async () => {
    const file = singleFile({
      "cond_stage_model.transformer.text_model.final_layer_norm.weight": [1],
      "model.diffusion_model.input_blocks.0.0.weight": [8, 9, 3, 3],
    });
    await expect(openCheckpoint(file)).rejects.toThrow(refusal("CHECKPOINT_INPAINTING", /inpainting.*9 channels/));
    // With allowInpainting opening gets past the U-Net; this file lacks the rest.
    await expect(openCheckpoint(file, { allowInpainting: true })).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE"));
  });

  test.each([
    ["a VAE alone", { "encoder.down.0.block.0.conv1.weight": [1] }],
    ["a U-Net alone", { "model.diffusion_model.out.0.weight": [1] }],
  ] as const)("%s lacks the rest", async (label, names) => {
    await expect(openCheckpoint(singleFile(names))).rejects.toThrow(refusal("CHECKPOINT_INCOMPLETE", label));
  });

  test("a model whose text encoder has lost its last layer", async () => {
    const layers = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`cond_stage_model.transformer.text_model.encoder.layers.${i}.x`, [1]]),
      );
    const file = singleFile({
      ...layers(11),
      "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": [1, 768],
      "model.diffusion_model.input_blocks.0.0.weight": [8, 4, 3, 3],
    });
    const survey = await surveyCheckpoint(file);
    const lacks = survey.problems.find(({ message }) => message.startsWith("The text encoder"));
    // Twelve layers of sixteen tensors each, the position embeddings and the final norm.
    expect(lacks?.message).toContain(`lacks ${12 * 16 + 3} tensors`);
  });

  test("a path that does not exist", async () => {
    await expect(openCheckpoint("nowhere/model.safetensors")).rejects.toThrow(refusal("FILE_NOT_FOUND", "nowhere"));
  });
});
