import type { NdArray } from "../src/array/index.ts";

/** Tensors of a network by name. */
export type Tensors = ReadonlyMap<string, NdArray>;

const residualParts: Readonly<Record<string, string>> = {
  norm1: "in_layers.0",
  conv1: "in_layers.2",
  time_emb_proj: "emb_layers.1",
  norm2: "out_layers.0",
  conv2: "out_layers.3",
  conv_shortcut: "skip_connection",
};

const outerParts: Readonly<Record<string, string>> = {
  "time_embedding.linear_1": "time_embed.0",
  "time_embedding.linear_2": "time_embed.2",
  "add_embedding.linear_1": "label_emb.0.0",
  "add_embedding.linear_2": "label_emb.0.2",
  conv_in: "input_blocks.0.0",
  conv_norm_out: "out.0",
  conv_out: "out.2",
};

/** A U-Net with single files' names, from Diffusers' names. Source: Diffusers, scripts/convert_diffusers_to_original_stable_diffusion.py, convert_unet_state_dict. */
export function unetToLdm(unet: Tensors): Map<string, NdArray> {
  const resnets = [...unet.keys()].filter((name) => /^down_blocks\.0\.resnets\.\d+\.norm1\.weight$/.test(name));
  const n = resnets.length + 1;
  const place = (name: string): string => {
    const [, stem, kind] = /^(.+)\.(weight|bias)$/.exec(name)!;
    if (outerParts[stem!]) return `${outerParts[stem!]}.${kind}`;
    const [, side, block, part, index, rest] =
      /^(down|up|mid)_blocks?(?:\.(\d+))?\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(name)!;
    const i = Number(block);
    const j = Number(index);
    if (part === "downsamplers") return `input_blocks.${n * i + n}.0.op.${kind}`;
    if (part === "upsamplers") {
      const hasAttention = [...unet.keys()].some((other) => other.startsWith(`up_blocks.${i}.attentions.`));
      return `output_blocks.${n * i + n - 1}.${hasAttention ? 2 : 1}.conv.${kind}`;
    }
    const inner = part === "resnets" ? `${residualParts[rest!.slice(0, -kind!.length - 1)]}.${kind}` : rest;
    if (side === "mid") return `middle_block.${part === "attentions" ? 1 : 2 * j}.${inner}`;
    const position = side === "down" ? `input_blocks.${n * i + j + 1}` : `output_blocks.${n * i + j}`;
    return `${position}.${part === "resnets" ? 0 : 1}.${inner}`;
  };
  return new Map([...unet].map(([name, array]) => [place(name), array]));
}

const attentionParts: Readonly<Record<string, string>> = {
  group_norm: "norm",
  to_q: "q",
  to_k: "k",
  to_v: "v",
  "to_out.0": "proj_out",
};

/** A VAE with the names and ranks of single files. Source: the same script, convert_vae_state_dict. */
export function vaeToLdm(vae: Tensors): Map<string, NdArray> {
  const levels = new Set([...vae.keys()].map((name) => /^decoder\.up_blocks\.(\d+)/.exec(name)?.[1])).size - 1;
  const rename = (name: string): string =>
    name
      .replace("conv_norm_out", "norm_out")
      .replace(/down_blocks\.(\d+)\.resnets/, "down.$1.block")
      .replace(/down_blocks\.(\d+)\.downsamplers\.0/, "down.$1.downsample")
      .replace(/up_blocks\.(\d+)\.resnets/, (_, i) => `up.${levels - 1 - Number(i)}.block`)
      .replace(/up_blocks\.(\d+)\.upsamplers\.0/, (_, i) => `up.${levels - 1 - Number(i)}.upsample`)
      .replace(/mid_block\.resnets\.(\d)/, (_, k) => `mid.block_${Number(k) + 1}`)
      .replace(
        /mid_block\.attentions\.0\.(.+)\.(\w+)$/,
        (_, part, kind) => `mid.attn_1.${attentionParts[part]}.${kind}`,
      )
      .replace("conv_shortcut", "nin_shortcut");
  return new Map(
    [...vae].map(([name, array]) => {
      const isMatrix = /attentions\.0\.to_.+\.weight$/.test(name);
      return [rename(name), isMatrix ? { ...array, shape: [...array.shape, 1, 1] } : array];
    }),
  );
}

const openClipParts: Readonly<Record<string, string>> = {
  layer_norm1: "ln_1",
  layer_norm2: "ln_2",
  "self_attn.out_proj": "attn.out_proj",
  "mlp.fc1": "mlp.c_fc",
  "mlp.fc2": "mlp.c_proj",
};

/** A text encoder with OpenCLIP's names, its q, k, v stacked; all in one dtype. A projection is transposed to OpenCLIP's h P.
 *  Source: the same script, convert_text_enc_state_dict_v20; open_clip, transformer.py, TextTransformer. */
export function textEncoderToOpenClip(encoder: Tensors): Map<string, NdArray> {
  const renamed = new Map<string, NdArray>();
  for (const [name, array] of encoder) {
    const [, layer, part, kind] = /^text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
    const block = `transformer.resblocks.${layer}`;
    if (part === "self_attn.q_proj") {
      const others = ["k", "v"].map((letter) => encoder.get(name.replace("q_proj", `${letter}_proj`))!);
      renamed.set(`${block}.attn.in_proj_${kind}`, stacked([array, ...others]));
    } else if (part && openClipParts[part]) renamed.set(`${block}.${openClipParts[part]}.${kind}`, array);
    else if (name === "text_projection.weight") renamed.set("text_projection", transposed(array));
    else if (!part)
      renamed.set(
        name
          .replace("text_model.embeddings.token_embedding", "token_embedding")
          .replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
          .replace("text_model.final_layer_norm", "ln_final"),
        array,
      );
  }
  return renamed;
}

function stacked(arrays: readonly NdArray[]): NdArray {
  const { dtype, shape } = arrays[0]!;
  const bytes = Buffer.concat(arrays.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  const Data = arrays[0]!.data.constructor as new (buffer: ArrayBuffer) => NdArray["data"];
  return { dtype, shape: [3 * shape[0]!, ...shape.slice(1)], data: new Data(new Uint8Array(bytes).buffer) };
}

export function transposed({ dtype, shape, data }: NdArray): NdArray {
  const [rows, columns] = shape as [number, number];
  const turned = data.slice();
  for (let i = 0; i < data.length; i++) turned[(i % columns) * rows + Math.floor(i / columns)] = data[i]!;
  return { dtype, shape: [columns, rows], data: turned };
}
