import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { elementCount, float32ToFloat16 } from "../src/array/index.ts";
import { type Shapes, textShapes, unetShapes, vaeShapes } from "./model-shapes.ts";
import { type ModelSizes, modelSizes, type SizedModel } from "./model-sizes.ts";

/** A Diffusers folder of a model of a known one's size with random weights. It is made once, under the system's temporary folder or in COINAGE_BENCH_DIR. */
export function randomModel(name: SizedModel): string {
  const folder = path.join(process.env.COINAGE_BENCH_DIR ?? path.join(os.tmpdir(), "coinage-bench"), name);
  const sizes = modelSizes[name];
  const { unet, vaeWidths, dtype, predictionType } = sizes;
  const network = "diffusion_pytorch_model.safetensors";
  writeWeights(path.join(folder, "unet", network), unetShapes(unet), dtype);
  writeWeights(path.join(folder, "vae", network), vaeShapes(vaeWidths), dtype);
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
  const { widths, heads, contextWidth } = unet;
  const texts = textEncoders.map(({ width, activation }, i) => [
    textFolder(i),
    { num_attention_heads: width / 64, hidden_act: activation },
  ]);
  return {
    unet: { attention_head_dim: heads, block_out_channels: widths, cross_attention_dim: contextWidth },
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
    const block = valuesOf(name, shape);
    const stored = dtype === "F32" ? block : Uint16Array.from(block, float32ToFloat16);
    for (let left = elementCount(shape); left > 0; left -= block.length)
      writeSync(handle, new Uint8Array(stored.buffer, 0, bytesEach * Math.min(left, block.length)));
  }
  closeSync(handle);
  renameSync(`${file}.part`, file);
}

const noise = Float32Array.from({ length: 1 << 20 }, () => Math.random() * 2 - 1);

/** Values to fill a tensor with, again and again if it is longer: norms are 1, biases 0, everything else uniform with the spread of a usual
 *  initialisation. */
function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const size = Math.min(noise.length, elementCount(shape));
  if (name.endsWith(".bias")) return new Float32Array(size);
  if (/norm\d?\.weight|norm_out\.weight|layer_norm/.test(name)) return new Float32Array(size).fill(1);
  const spread = name.includes("embedding.weight") ? 0.02 : Math.sqrt(1 / elementCount(shape.slice(1)));
  return noise.subarray(0, size).map((value) => value * spread);
}
