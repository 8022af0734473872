import type { TextSizes, UNetSizes } from "./model-sizes.ts";

/** Shapes of a network's tensors by their Diffusers names. */
export type Shapes = Map<string, readonly number[]>;

export function unetShapes(sizes: UNetSizes): Shapes {
  const { blockOutChannels, transformerLayers, additionWidth } = sizes;
  const shapes: Shapes = new Map();
  const time = 4 * blockOutChannels[0]!;
  const levels = blockOutChannels.length;
  const block = (name: string, inputs: number, width: number, depth: number, j: number) => {
    resnet(shapes, `${name}.resnets.${j}`, inputs, width, time);
    if (depth > 0) transformer(shapes, `${name}.attentions.${j}`, width, depth, sizes);
  };
  layer(shapes, "conv_in", [blockOutChannels[0]!, 4, 3, 3]);
  twoLayers(shapes, "time_embedding", blockOutChannels[0]!, time);
  if (additionWidth) twoLayers(shapes, "add_embedding", additionWidth, time);
  const skips = [blockOutChannels[0]!];
  let width = blockOutChannels[0]!;
  blockOutChannels.forEach((next, i) => {
    for (let j = 0; j < 2; j++) {
      block(`down_blocks.${i}`, width, next, transformerLayers[i]!, j);
      width = next;
      skips.push(width);
    }
    if (i === levels - 1) return;
    layer(shapes, `down_blocks.${i}.downsamplers.0.conv`, [width, width, 3, 3]);
    skips.push(width);
  });
  block("mid_block", width, width, Math.max(1, transformerLayers.at(-1)!), 0);
  resnet(shapes, "mid_block.resnets.1", width, width, time);
  [...blockOutChannels].reverse().forEach((next, i) => {
    for (let j = 0; j < 3; j++) {
      block(`up_blocks.${i}`, width + skips.pop()!, next, transformerLayers[levels - 1 - i]!, j);
      width = next;
    }
    if (i < levels - 1) layer(shapes, `up_blocks.${i}.upsamplers.0.conv`, [width, width, 3, 3]);
  });
  layer(shapes, "conv_norm_out", [width]);
  layer(shapes, "conv_out", [4, width, 3, 3]);
  return shapes;
}

export function textShapes({ width, layers, hasProjection }: TextSizes): Shapes {
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
  if (hasProjection) shapes.set("text_projection.weight", [width, width]);
  return shapes;
}

export function vaeShapes(blockOutChannels: readonly number[]): Shapes {
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
  const reversed = [...blockOutChannels].reverse();
  layer(shapes, "encoder.conv_in", [blockOutChannels[0]!, 3, 3, 3]);
  layer(shapes, "encoder.conv_out", [8, blocks("encoder", "down_blocks", blockOutChannels, 2, "downsamplers"), 3, 3]);
  middle("encoder", blockOutChannels.at(-1)!);
  layer(shapes, "decoder.conv_in", [reversed[0]!, 4, 3, 3]);
  layer(shapes, "decoder.conv_out", [3, blocks("decoder", "up_blocks", reversed, 3, "upsamplers"), 3, 3]);
  middle("decoder", reversed[0]!);
  layer(shapes, "quant_conv", [8, 8, 1, 1]);
  layer(shapes, "post_quant_conv", [4, 4, 1, 1]);
  return shapes;
}

function layer(shapes: Shapes, name: string, weight: readonly number[], hasBias = true): void {
  shapes.set(`${name}.weight`, weight);
  if (hasBias) shapes.set(`${name}.bias`, [weight[0]!]);
}

function twoLayers(shapes: Shapes, name: string, inputs: number, outputs: number): void {
  layer(shapes, `${name}.linear_1`, [outputs, inputs]);
  layer(shapes, `${name}.linear_2`, [outputs, outputs]);
}

function resnet(shapes: Shapes, name: string, inputs: number, outputs: number, time?: number): void {
  layer(shapes, `${name}.norm1`, [inputs]);
  layer(shapes, `${name}.conv1`, [outputs, inputs, 3, 3]);
  if (time) layer(shapes, `${name}.time_emb_proj`, [outputs, time]);
  layer(shapes, `${name}.norm2`, [outputs]);
  layer(shapes, `${name}.conv2`, [outputs, outputs, 3, 3]);
  if (inputs !== outputs) layer(shapes, `${name}.conv_shortcut`, [outputs, inputs, 1, 1]);
}

function transformer(shapes: Shapes, name: string, width: number, depth: number, sizes: UNetSizes): void {
  const projection = sizes.hasLinearProjections ? [width, width] : [width, width, 1, 1];
  layer(shapes, `${name}.norm`, [width]);
  layer(shapes, `${name}.proj_in`, projection);
  for (let k = 0; k < depth; k++) transformerBlock(shapes, `${name}.transformer_blocks.${k}`, width, sizes);
  layer(shapes, `${name}.proj_out`, projection);
}

function transformerBlock(shapes: Shapes, name: string, width: number, { crossAttentionDim }: UNetSizes): void {
  for (const [attention, source] of [
    ["attn1", width],
    ["attn2", crossAttentionDim],
  ] as const) {
    layer(shapes, `${name}.${attention}.to_q`, [width, width], false);
    layer(shapes, `${name}.${attention}.to_k`, [width, source], false);
    layer(shapes, `${name}.${attention}.to_v`, [width, source], false);
    layer(shapes, `${name}.${attention}.to_out.0`, [width, width]);
  }
  layer(shapes, `${name}.ff.net.0.proj`, [8 * width, width]);
  layer(shapes, `${name}.ff.net.2`, [width, 4 * width]);
  for (const norm of ["norm1", "norm2", "norm3"]) layer(shapes, `${name}.${norm}`, [width]);
}
