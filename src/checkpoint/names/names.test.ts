import { expect, test } from "vitest";
import { arrayOf } from "../../array/index.ts";
import { readStoredArray } from "../stored.ts";
import { modernTextEncoderName, textEncoderFromOpenClip } from "./text-encoder.ts";
import { unetNamesFromLdm } from "./unet.ts";
import { vaeNamesFromLdm } from "./vae.ts";

/** Names of the downsamplers of a U-Net with two blocks per level: enough to tell the stride. */
function downsamplers(levels: number): string[] {
  return Array.from({ length: levels - 1 }, (_, i) => `input_blocks.${3 * (i + 1)}.0.op.weight`);
}

test.each([
  [4, "input_blocks.0.0.weight", "conv_in.weight"],
  [4, "time_embed.2.bias", "time_embedding.linear_2.bias"],
  [3, "label_emb.0.0.weight", "add_embedding.linear_1.weight"],
  [4, "input_blocks.1.0.in_layers.0.weight", "down_blocks.0.resnets.0.norm1.weight"],
  [4, "input_blocks.2.1.proj_in.weight", "down_blocks.0.attentions.1.proj_in.weight"],
  [4, "input_blocks.3.0.op.bias", "down_blocks.0.downsamplers.0.conv.bias"],
  [4, "input_blocks.11.0.skip_connection.weight", "down_blocks.3.resnets.1.conv_shortcut.weight"],
  [4, "middle_block.0.emb_layers.1.weight", "mid_block.resnets.0.time_emb_proj.weight"],
  [4, "middle_block.1.norm.weight", "mid_block.attentions.0.norm.weight"],
  [4, "middle_block.2.out_layers.3.weight", "mid_block.resnets.1.conv2.weight"],
  [4, "output_blocks.2.1.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"],
  [4, "output_blocks.5.2.conv.weight", "up_blocks.1.upsamplers.0.conv.weight"],
  [
    4,
    "output_blocks.11.1.transformer_blocks.0.attn2.to_k.weight",
    "up_blocks.3.attentions.2.transformer_blocks.0.attn2.to_k.weight",
  ],
  [3, "output_blocks.8.0.out_layers.0.bias", "up_blocks.2.resnets.2.norm2.bias"],
  [
    3,
    "input_blocks.8.1.transformer_blocks.9.ff.net.0.proj.bias",
    "down_blocks.2.attentions.1.transformer_blocks.9.ff.net.0.proj.bias",
  ],
  [4, "out.2.bias", "conv_out.bias"],
] as const)("in a U-Net of %i levels %s is %s", (levels, ldm, diffusers) => {
  expect(unetNamesFromLdm([...downsamplers(levels), ldm]).get(ldm)).toBe(diffusers);
});

test("a U-Net with one block per level, and one with a single level, are told apart by their downsamplers", () => {
  const oneBlock = unetNamesFromLdm([
    "input_blocks.2.0.op.weight",
    "input_blocks.4.0.op.weight",
    "output_blocks.3.0.in_layers.2.weight",
  ]);
  expect(oneBlock.get("output_blocks.3.0.in_layers.2.weight")).toBe("up_blocks.1.resnets.1.conv1.weight");
  const oneLevel = unetNamesFromLdm([
    "input_blocks.1.0.in_layers.0.weight",
    "input_blocks.2.0.in_layers.0.weight",
    "output_blocks.2.0.in_layers.0.weight",
  ]);
  expect(oneLevel.get("output_blocks.2.0.in_layers.0.weight")).toBe("up_blocks.0.resnets.2.norm1.weight");
});

test("names that no rule covers are left out", () => {
  const strange = [
    "input_blocks.1.3.x.weight",
    "output_blocks.0.0.in_layers.9.weight",
    "diffusion.x",
    "input_blocks.999999999999.0.op.weight",
    "constructor.weight",
    "input_blocks.1.0.toString.weight",
  ];
  expect([...unetNamesFromLdm(strange).values()].filter((name) => !name.includes("downsamplers"))).toEqual([]);
});

test.each([
  ["encoder.down.1.block.0.nin_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.weight"],
  ["encoder.down.0.downsample.conv.bias", "encoder.down_blocks.0.downsamplers.0.conv.bias"],
  ["decoder.up.3.block.2.norm1.weight", "decoder.up_blocks.0.resnets.2.norm1.weight"],
  ["decoder.up.1.upsample.conv.weight", "decoder.up_blocks.2.upsamplers.0.conv.weight"],
  ["decoder.mid.block_2.conv2.weight", "decoder.mid_block.resnets.1.conv2.weight"],
  ["encoder.mid.attn_1.norm.bias", "encoder.mid_block.attentions.0.group_norm.bias"],
  ["encoder.mid.attn_1.proj_out.weight", "encoder.mid_block.attentions.0.to_out.0.weight"],
  ["decoder.norm_out.weight", "decoder.conv_norm_out.weight"],
  ["decoder.conv_out.weight", "decoder.conv_out.weight"],
  ["post_quant_conv.weight", "post_quant_conv.weight"],
  ["loss.discriminator.main.0.weight", undefined],
  ["decoder.down.0.block.0.conv1.weight", undefined],
  ["encoder.mid.attn_1.constructor.weight", undefined],
])("in a VAE of four levels %s is %s", (ldm, diffusers) => {
  const names = [
    "encoder.down.0.x.weight",
    "encoder.down.1.x.weight",
    "encoder.down.2.x.weight",
    "encoder.down.3.x.weight",
    ldm,
  ];
  expect(vaeNamesFromLdm(names).get(ldm)).toBe(diffusers);
});

test("old text encoders lack text_model.", () => {
  expect(modernTextEncoderName("encoder.layers.0.mlp.fc1.bias")).toBe("text_model.encoder.layers.0.mlp.fc1.bias");
  expect(modernTextEncoderName("text_model.final_layer_norm.bias")).toBe("text_model.final_layer_norm.bias");
  expect(modernTextEncoderName("text_projection.weight")).toBe("text_projection.weight");
});

test("OpenCLIP's stacked q, k, v become three views, and only the asked-for blocks are taken", () => {
  const stored = (shape: readonly number[]) => {
    const { data } = arrayOf(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    );
    return { dtype: "float32", shape, bytes: new Uint8Array(data.buffer) } as const;
  };
  const tensors = textEncoderFromOpenClip(
    new Map([
      ["transformer.resblocks.0.attn.in_proj_weight", stored([6, 2])],
      ["transformer.resblocks.0.attn.in_proj_bias", stored([6])],
      ["transformer.resblocks.1.ln_1.weight", stored([2])],
      ["positional_embedding", stored([77, 2])],
      ["attn_mask", stored([77, 77])],
    ]),
    1,
  );
  const layer = "text_model.encoder.layers.0.self_attn";
  expect([...readStoredArray(tensors.get(`${layer}.k_proj.weight`)!).data]).toEqual([4, 5, 6, 7]);
  expect([...readStoredArray(tensors.get(`${layer}.v_proj.bias`)!).data]).toEqual([4, 5]);
  expect([...tensors.keys()].filter((name) => !name.startsWith(layer))).toEqual([
    "text_model.embeddings.position_embedding.weight",
  ]);
});
