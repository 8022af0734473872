import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { elementCount, float32ToFloat16 } from "../src/array/index.ts";
import { type Shapes, textShapes, unetShapes, vaeShapes } from "./model-shapes.ts";
import { type ModelSizes, modelSizes, type SizedModel } from "./model-sizes.ts";

/** A Diffusers folder of a random model with the sizes of a known one. It is made once, under the system's temporary folder or in COINAGE_BENCH_DIR. */
export function randomModel(name: SizedModel): string {
  const folder = path.join(process.env.COINAGE_BENCH_DIR ?? path.join(os.tmpdir(), "coinage-bench"), name);
  const sizes = modelSizes[name];
  const { unet, vaeChannels, dtype, predictionType } = sizes;
  const network = "diffusion_pytorch_model.safetensors";
  writeWeights(path.join(folder, "unet", network), unetShapes(unet), dtype);
  writeWeights(path.join(folder, "vae", network), vaeShapes(vaeChannels), dtype);
  sizes.textEncoders.forEach((text, i) => {
    writeWeights(path.join(folder, textFolder(i), "model.safetensors"), textShapes(text), dtype);
  });
  for (const [component, config] of Object.entries(configs(sizes)))
    writeFileSync(path.join(folder, component, "config.json"), JSON.stringify(config));
  mkdirSync(path.join(folder, "scheduler"), { recursive: true });
  const scheduler = JSON.stringify({ prediction_type: predictionType });
  writeFileSync(path.join(folder, "scheduler", "scheduler_config.json"), scheduler);
  writeFileSync(path.join(folder, "model_index.json"), JSON.stringify({ _class_name: sizes.pipeline }));
  return folder;
}

function textFolder(index: number): string {
  return index === 0 ? "text_encoder" : `text_encoder_${index + 1}`;
}

function configs({ unet, textEncoders, scalingFactor }: ModelSizes): Record<string, object> {
  const { blockOutChannels, heads, crossAttentionDim } = unet;
  const texts = textEncoders.map(({ width, activation }, i) => [
    textFolder(i),
    { num_attention_heads: width / 64, hidden_act: activation },
  ]);
  return {
    unet: { attention_head_dim: heads, block_out_channels: blockOutChannels, cross_attention_dim: crossAttentionDim },
    vae: { scaling_factor: scalingFactor },
    ...Object.fromEntries(texts),
  };
}

function writeWeights(file: string, shapes: Shapes, dtype: ModelSizes["dtype"]): void {
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const bytesEach = dtype === "F32" ? 4 : 2;
  const header: Record<string, unknown> = {};
  let position = 0;
  for (const [name, shape] of shapes) {
    const end = position + bytesEach * elementCount(shape);
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const handle = openSync(`${file}.part`, "w");
  writeSync(handle, length);
  writeSync(handle, json);
  for (const [name, shape] of shapes) {
    const block = blockOf(valuesOf(name, shape), dtype);
    for (let left = bytesEach * elementCount(shape); left > 0; left -= block.length)
      writeSync(handle, block.subarray(0, left));
  }
  closeSync(handle);
  renameSync(`${file}.part`, file);
}

/** Values of a tensor: one number, or noise of a spread. */
type Values = { readonly all: 0 | 1 } | { readonly spread: number };

/** Norms are 1, biases 0, everything else uniform with the spread of a usual initialisation. */
function valuesOf(name: string, shape: readonly number[]): Values {
  if (name.endsWith(".bias")) return { all: 0 };
  if (/norm\d?\.weight|norm_out\.weight|layer_norm/.test(name)) return { all: 1 };
  return { spread: name.includes("embedding.weight") ? 0.02 : Math.sqrt(1 / elementCount(shape.slice(1))) };
}

const noise = Float32Array.from({ length: 1 << 20 }, () => Math.random() * 2 - 1);
const blocks = new Map<string, Uint8Array>();

/** The bytes of many such values, to be written repeatedly; few spreads occur, so each is converted once. */
function blockOf(values: Values, dtype: ModelSizes["dtype"]): Uint8Array {
  const key = JSON.stringify([values, dtype]);
  const known = blocks.get(key);
  if (known) return known;
  const numbers = noise.map((value) => ("all" in values ? values.all : value * values.spread));
  const block = new Uint8Array((dtype === "F32" ? numbers : Uint16Array.from(numbers, float32ToFloat16)).buffer);
  blocks.set(key, block);
  return block;
}
