import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import path from "node:path";

type Shapes = Map<string, readonly number[]>;

/** Sizes of a Stable Diffusion 1.x model. */
interface Sizes {
  readonly widths: readonly number[];
  readonly context: number;
  readonly textLayers: number;
  readonly vaeWidths: readonly number[];
}

const sd15: Sizes = { widths: [320, 640, 1280, 1280], context: 768, textLayers: 12, vaeWidths: [128, 256, 512, 512] };

/** Makes a Diffusers folder of a model of SD1.5's size with random float32 weights (4.3 GB), unless it is there already. */
export function randomSd15(folder: string): string {
  const { widths, context, textLayers } = sd15;
  writeComponent(folder, "unet", "diffusion_pytorch_model", unetShapes(sd15), {
    attention_head_dim: 8,
    block_out_channels: widths,
    cross_attention_dim: context,
  });
  writeComponent(folder, "text_encoder", "model", textShapes(context, textLayers), {
    num_attention_heads: context / 64,
    hidden_act: "quick_gelu",
  });
  writeComponent(folder, "vae", "diffusion_pytorch_model", vaeShapes(sd15.vaeWidths), { scaling_factor: 0.18215 });
  writeJson(path.join(folder, "model_index.json"), { _class_name: "StableDiffusionPipeline" });
  return folder;
}

function layer(shapes: Shapes, name: string, weight: readonly number[], hasBias = true): void {
  shapes.set(`${name}.weight`, weight);
  if (hasBias) shapes.set(`${name}.bias`, [weight[0]!]);
}

function resnet(shapes: Shapes, name: string, inputs: number, outputs: number, time?: number): void {
  layer(shapes, `${name}.norm1`, [inputs]);
  layer(shapes, `${name}.conv1`, [outputs, inputs, 3, 3]);
  if (time) layer(shapes, `${name}.time_emb_proj`, [outputs, time]);
  layer(shapes, `${name}.norm2`, [outputs]);
  layer(shapes, `${name}.conv2`, [outputs, outputs, 3, 3]);
  if (inputs !== outputs) layer(shapes, `${name}.conv_shortcut`, [outputs, inputs, 1, 1]);
}

function transformer(shapes: Shapes, name: string, width: number, context: number): void {
  layer(shapes, `${name}.norm`, [width]);
  layer(shapes, `${name}.proj_in`, [width, width, 1, 1]);
  const block = `${name}.transformer_blocks.0`;
  for (const [attention, source] of [
    ["attn1", width],
    ["attn2", context],
  ] as const) {
    layer(shapes, `${block}.${attention}.to_q`, [width, width], false);
    layer(shapes, `${block}.${attention}.to_k`, [width, source], false);
    layer(shapes, `${block}.${attention}.to_v`, [width, source], false);
    layer(shapes, `${block}.${attention}.to_out.0`, [width, width]);
  }
  layer(shapes, `${block}.ff.net.0.proj`, [8 * width, width]);
  layer(shapes, `${block}.ff.net.2`, [width, 4 * width]);
  for (const norm of ["norm1", "norm2", "norm3"]) layer(shapes, `${block}.${norm}`, [width]);
  layer(shapes, `${name}.proj_out`, [width, width, 1, 1]);
}

function unetShapes({ widths, context }: Sizes): Shapes {
  const shapes: Shapes = new Map();
  const time = 4 * widths[0]!;
  const levels = widths.length;
  layer(shapes, "conv_in", [widths[0]!, 4, 3, 3]);
  layer(shapes, "time_embedding.linear_1", [time, widths[0]!]);
  layer(shapes, "time_embedding.linear_2", [time, time]);
  const skips = [widths[0]!];
  let width = widths[0]!;
  widths.forEach((next, i) => {
    for (let j = 0; j < 2; j++) {
      resnet(shapes, `down_blocks.${i}.resnets.${j}`, width, next, time);
      if (i < levels - 1) transformer(shapes, `down_blocks.${i}.attentions.${j}`, next, context);
      width = next;
      skips.push(width);
    }
    if (i === levels - 1) return;
    layer(shapes, `down_blocks.${i}.downsamplers.0.conv`, [width, width, 3, 3]);
    skips.push(width);
  });
  resnet(shapes, "mid_block.resnets.0", width, width, time);
  transformer(shapes, "mid_block.attentions.0", width, context);
  resnet(shapes, "mid_block.resnets.1", width, width, time);
  [...widths].reverse().forEach((next, i) => {
    for (let j = 0; j < 3; j++) {
      resnet(shapes, `up_blocks.${i}.resnets.${j}`, width + skips.pop()!, next, time);
      if (i > 0) transformer(shapes, `up_blocks.${i}.attentions.${j}`, next, context);
      width = next;
    }
    if (i < levels - 1) layer(shapes, `up_blocks.${i}.upsamplers.0.conv`, [width, width, 3, 3]);
  });
  layer(shapes, "conv_norm_out", [width]);
  layer(shapes, "conv_out", [4, width, 3, 3]);
  return shapes;
}

function textShapes(width: number, layers: number): Shapes {
  const shapes: Shapes = new Map();
  shapes.set("text_model.embeddings.token_embedding.weight", [49408, width]);
  shapes.set("text_model.embeddings.position_embedding.weight", [77, width]);
  for (let i = 0; i < layers; i++) {
    const name = `text_model.encoder.layers.${i}`;
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      layer(shapes, `${name}.self_attn.${part}`, [width, width]);
    layer(shapes, `${name}.layer_norm1`, [width]);
    layer(shapes, `${name}.layer_norm2`, [width]);
    layer(shapes, `${name}.mlp.fc1`, [4 * width, width]);
    layer(shapes, `${name}.mlp.fc2`, [width, 4 * width]);
  }
  layer(shapes, "text_model.final_layer_norm", [width]);
  return shapes;
}

function vaeShapes(widths: readonly number[]): Shapes {
  const shapes: Shapes = new Map();
  const middle = (part: string, width: number) => {
    resnet(shapes, `${part}.mid_block.resnets.0`, width, width);
    layer(shapes, `${part}.mid_block.attentions.0.group_norm`, [width]);
    for (const name of ["to_q", "to_k", "to_v", "to_out.0"])
      layer(shapes, `${part}.mid_block.attentions.0.${name}`, [width, width]);
    resnet(shapes, `${part}.mid_block.resnets.1`, width, width);
  };
  const blocks = (part: string, side: string, order: readonly number[], count: number, resampler: string) => {
    let width = order[0]!;
    order.forEach((next, i) => {
      for (let j = 0; j < count; j++) {
        resnet(shapes, `${part}.${side}.${i}.resnets.${j}`, width, next);
        width = next;
      }
      if (i < order.length - 1) layer(shapes, `${part}.${side}.${i}.${resampler}.0.conv`, [width, width, 3, 3]);
    });
    layer(shapes, `${part}.conv_norm_out`, [width]);
    return width;
  };
  const reversed = [...widths].reverse();
  layer(shapes, "encoder.conv_in", [widths[0]!, 3, 3, 3]);
  layer(shapes, "encoder.conv_out", [8, blocks("encoder", "down_blocks", widths, 2, "downsamplers"), 3, 3]);
  middle("encoder", widths.at(-1)!);
  layer(shapes, "decoder.conv_in", [reversed[0]!, 4, 3, 3]);
  layer(shapes, "decoder.conv_out", [3, blocks("decoder", "up_blocks", reversed, 3, "upsamplers"), 3, 3]);
  middle("decoder", reversed[0]!);
  layer(shapes, "quant_conv", [8, 8, 1, 1]);
  layer(shapes, "post_quant_conv", [4, 4, 1, 1]);
  return shapes;
}

const noise = Float32Array.from({ length: 1 << 20 }, () => Math.random() * 2 - 1);

function writeComponent(folder: string, component: string, base: string, shapes: Shapes, config: object): void {
  const file = path.join(folder, component, `${base}.safetensors`);
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeJson(path.join(folder, component, "config.json"), config);
  const header: Record<string, unknown> = {};
  let position = 0;
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  for (const [name, shape] of shapes) {
    header[name] = { dtype: "F32", shape, data_offsets: [position, position + 4 * count(shape)] };
    position += 4 * count(shape);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const handle = openSync(`${file}.part`, "w");
  writeSync(handle, length);
  writeSync(handle, json);
  for (const [name, shape] of shapes) writeValues(handle, name, count(shape), count(shape.slice(1)));
  closeSync(handle);
  renameSync(`${file}.part`, file);
}

/** Norms are 1, biases 0, everything else uniform with the spread of a usual initialisation. */
function writeValues(handle: number, name: string, count: number, fanIn: number): void {
  const isNorm = /norm\d?\.weight|norm_out\.weight|layer_norm/.test(name) && name.endsWith("weight");
  const spread = name.endsWith(".bias") ? 0 : name.includes("embedding.weight") ? 0.02 : Math.sqrt(1 / fanIn);
  for (let start = 0; start < count; start += noise.length) {
    const size = Math.min(noise.length, count - start);
    const values = isNorm ? new Float32Array(size).fill(1) : noise.subarray(0, size).map((value) => value * spread);
    writeSync(handle, new Uint8Array(values.buffer, 0, size * 4));
  }
}

function writeJson(file: string, value: object): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, "w");
  writeSync(handle, JSON.stringify(value));
  closeSync(handle);
}
