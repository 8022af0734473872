import { writeFileSync } from "node:fs";
import path from "node:path";
import { arrayOf, type NdArray } from "../src/array/index.ts";
import type { OpenOptions } from "../src/checkpoint/index.ts";
import { writeSafetensors } from "../src/formats/safetensors/index.ts";
import { writeTorchFile } from "../src/formats/torch/index.ts";
import type { GoldenFamily } from "./golden-models.ts";
import { type Tensors, vaeToLdm } from "./ldm-names.ts";
import { writeLegacyTorchFile } from "./legacy-torch-file.ts";
import {
  type ComponentWriter,
  type FloatDType,
  type ModelTensors,
  prefixed,
  singleFileTensors,
  writeDiffusersFolder,
} from "./model-files.ts";

/** A form in which models are distributed, written from the networks of a golden model. */
export interface Form {
  readonly name: string;
  readonly kind: GoldenFamily["kind"];
  /** Dtype of the numbers in the file; by default float32. */
  readonly dtype?: FloatDType;
  /** Writes the model, in that dtype, to a path that does not exist yet; returns the path to open. */
  readonly write: (target: string, model: ModelTensors, family: GoldenFamily) => string;
  readonly options?: (target: string) => OpenOptions;
}

export const zeros = (shape: readonly number[]) => arrayOf(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

/** Tensors beside the networks' in files of training programs. */
const junk: ReadonlyMap<string, NdArray> = new Map<string, NdArray>([
  ["betas", zeros([1000])],
  ["alphas_cumprod", zeros([1000])],
  ["sqrt_one_minus_alphas_cumprod", zeros([1000])],
  ["logvar", zeros([1000])],
  ["scale_factor", zeros([])],
  ["model_ema.decay", zeros([])],
  ["model_ema.num_updates", { dtype: "int32", shape: [], data: Int32Array.of(7) }],
  ["model_ema.diffusion_modelinput_blocks00weight", zeros([8, 4, 3, 3])],
  ["cond_stage_model.logit_scale", zeros([])],
  ["cond_stage_model.transformer.text_model.embeddings.position_ids", zeros([1, 77])],
  ["first_stage_model.loss.discriminator.main.0.weight", zeros([4, 3, 4, 4])],
]);

export const safetensors = (target: string, tensors: Tensors, metadata = {}) => {
  const file = `${target}.safetensors`;
  writeFileSync(file, writeSafetensors({ tensors, metadata }));
  return file;
};
export const torchFile = (target: string, contents: Parameters<typeof writeTorchFile>[0]) => {
  const file = `${target}.ckpt`;
  writeFileSync(file, writeTorchFile(contents));
  return file;
};
export const folder = (target: string, model: ModelTensors, family: GoldenFamily, write?: ComponentWriter) => {
  writeDiffusersFolder(target, model, family, write);
  return target;
};
const renamed = (tensors: Tensors, rename: (name: string) => string) =>
  new Map([...tensors].map(([name, array]) => [rename(name), array]));

const oldClipNames = (tensors: Tensors) =>
  renamed(tensors, (name) => name.replace("transformer.text_model.", "transformer."));
const oldAttention: Readonly<Record<string, string>> = {
  to_q: "query",
  to_k: "key",
  to_v: "value",
  "to_out.0": "proj_attn",
};

const inShards =
  (middle: string, index: string): ComponentWriter =>
  (inner, base, tensors) => {
    const names = [...tensors.keys()];
    const half = Math.ceil(names.length / 2);
    const shards = [names.slice(0, half), names.slice(half)];
    const shardName = (i: number) => `${base}${middle}-0000${i + 1}-of-00002.safetensors`;
    shards.forEach((part, i) => {
      const bytes = writeSafetensors({ tensors: new Map(part.map((name) => [name, tensors.get(name)!])) });
      writeFileSync(path.join(inner, shardName(i)), bytes);
    });
    const map = Object.fromEntries(shards.flatMap((part, i) => part.map((name) => [name, shardName(i)])));
    writeFileSync(path.join(inner, `${base}.safetensors.index${index}.json`), JSON.stringify({ weight_map: map }));
  };

const binFiles: ComponentWriter = (inner, base, tensors) =>
  writeFileSync(
    path.join(inner, `${base === "model" ? "pytorch_model" : base}.bin`),
    writeTorchFile(Object.fromEntries(tensors)),
  );

const variantFiles: ComponentWriter = (inner, base, tensors) =>
  writeFileSync(path.join(inner, `${base}.fp16.safetensors`), writeSafetensors({ tensors }));

export const singleFiles: readonly Form[] = [
  ...(["float32", "float16", "bfloat16"] as const).map((dtype) => ({
    name: `.safetensors in ${dtype}`,
    kind: "sd1" as const,
    dtype,
    write: (target: string, model: ModelTensors) => safetensors(target, singleFileTensors(model, "sd1")),
  })),
  {
    name: ".ckpt of a training program: EMA, schedules, a discriminator and notes beside the networks",
    kind: "sd1",
    write: (target, model) =>
      torchFile(target, {
        epoch: 3,
        global_step: 470_000,
        "pytorch-lightning_version": "1.4.2",
        callbacks: { ModelCheckpoint: { best_model_path: "", monitor: null } },
        optimizer_states: { 0: { state: { 0: { exp_avg: zeros([5]) } } } },
        state_dict: Object.fromEntries([...singleFileTensors(model, "sd1"), ...junk]),
      }),
  },
  {
    name: ".ckpt pruned to its networks, without a dictionary around them",
    kind: "sd1",
    dtype: "float16",
    write: (target, model) => torchFile(target, Object.fromEntries(singleFileTensors(model, "sd1"))),
  },
  {
    name: ".ckpt of PyTorch before 1.6, with the text encoder's names of its time",
    kind: "sd1",
    write: (target, model) => {
      writeFileSync(`${target}.ckpt`, writeLegacyTorchFile(oldClipNames(singleFileTensors(model, "sd1"))));
      return `${target}.ckpt`;
    },
  },
  {
    name: ".safetensors whose projections have the rank of the other family",
    kind: "sd1",
    write: (target, model) =>
      safetensors(
        target,
        new Map(
          [...singleFileTensors(model, "sd1")].map(([name, array]) => [
            name,
            /proj_(in|out)\.weight$/.test(name) ? { ...array, shape: array.shape.slice(0, 2) } : array,
          ]),
        ),
      ),
  },
  {
    name: "a name without an extension that fits",
    kind: "sd1",
    write: (target, model) => {
      writeFileSync(`${target}.model`, writeSafetensors({ tensors: singleFileTensors(model, "sd1") }));
      return `${target}.model`;
    },
  },
  {
    name: ".safetensors without a VAE, and a VAE file",
    kind: "sd1",
    write: (target, model) => {
      const whole = singleFileTensors(model, "sd1");
      safetensors(`${target}.vae`, vaeToLdm(model.vae));
      return safetensors(target, new Map([...whole].filter(([name]) => !name.startsWith("first_stage_model."))));
    },
    options: (target) => ({ vae: `${target}.vae.safetensors` }),
  },
  {
    name: ".safetensors of SD2, its text encoder with a last block that is not used",
    kind: "sd2",
    write: (target, model) => safetensors(target, singleFileTensors(model, "sd2")),
  },
  {
    name: ".ckpt of SD2 as Diffusers' conversion script writes it: only the 23 blocks that are used, no projection",
    kind: "sd2",
    write: (target, model) => {
      const tensors = singleFileTensors(model, "sd2");
      for (const name of [...tensors.keys()])
        if (name.startsWith("cond_stage_model.model.transformer.resblocks.23.")) tensors.delete(name);
      tensors.set("cond_stage_model.model.transformer.text_model.embeddings.position_ids", zeros([1, 77]));
      return torchFile(target, { state_dict: Object.fromEntries(tensors) });
    },
  },
  {
    name: ".ckpt of SD2",
    kind: "sd2",
    write: (target, model) =>
      torchFile(target, { global_step: 140_000, state_dict: Object.fromEntries(singleFileTensors(model, "sd2")) }),
  },
  {
    name: ".safetensors of SDXL",
    kind: "sdxl",
    write: (target, model) => safetensors(target, singleFileTensors(model, "sdxl")),
  },
  {
    name: ".safetensors of SDXL with the projection of a linear layer",
    kind: "sdxl",
    write: (target, model) => {
      const prefix = "conditioner.embedders.1.model.";
      const tensors = singleFileTensors(model, "sdxl");
      tensors.delete(`${prefix}text_projection`);
      return safetensors(
        target,
        tensors.set(`${prefix}text_projection.weight`, model.textEncoder2!.get("text_projection.weight")!),
      );
    },
  },
];

export const folders: readonly Form[] = [
  { name: ".safetensors", kind: "sd1", write: folder },
  { name: ".bin", kind: "sd1", write: (target, model, family) => folder(target, model, family, binFiles) },
  {
    name: "only the variant fp16",
    kind: "sd1",
    dtype: "float16",
    write: (target, model, family) => folder(target, model, family, variantFiles),
  },
  {
    name: "shards",
    kind: "sd1",
    write: (target, model, family) => folder(target, model, family, inShards("", "")),
  },
  {
    name: "shards of the variant fp16",
    kind: "sdxl",
    write: (target, model, family) => folder(target, model, family, inShards(".fp16", ".fp16")),
  },
  {
    name: "the names of the VAE's attention before 2023",
    kind: "sd1",
    write: (target, model, family) => {
      const rename = (name: string) =>
        name.replace(/(?<=attentions\.0\.)to_(out\.0|\w)/, (part) => oldAttention[part]!);
      return folder(target, { ...model, vae: renamed(model.vae, rename) }, family);
    },
  },
  { name: "SD2", kind: "sd2", write: folder },
  { name: "SDXL", kind: "sdxl", write: folder },
];

export const vaeFiles: readonly { readonly name: string; readonly write: (target: string, vae: Tensors) => string }[] =
  [
    {
      name: ".safetensors under the names of single files",
      write: (target, vae) => safetensors(target, vaeToLdm(vae)),
    },
    {
      name: ".safetensors of an old conversion script, with Diffusers' names of the attention",
      write: (target, vae) =>
        safetensors(
          target,
          renamed(vaeToLdm(vae), (name) =>
            name.replace(/(?<=attn_1\.)(q|k|v|proj_out)\./, (_, part) =>
              part === "proj_out" ? "to_out.0." : `to_${part}.`,
            ),
          ),
        ),
    },
    {
      name: ".ckpt of a VAE's training program",
      write: (target, vae) =>
        torchFile(target, {
          state_dict: Object.fromEntries([
            ...vaeToLdm(vae),
            ["loss.logvar", zeros([])],
            ["model_ema.decay", zeros([])],
          ]),
        }),
    },
    {
      name: "a whole model",
      write: (target, vae) => safetensors(target, prefixed("first_stage_model.", vaeToLdm(vae))),
    },
    {
      name: ".bin under Diffusers' names",
      write: (target, vae) => {
        writeFileSync(`${target}.bin`, writeTorchFile(Object.fromEntries(vae)));
        return `${target}.bin`;
      },
    },
  ];
