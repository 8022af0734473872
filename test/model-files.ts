import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { float32ToBfloat16, float32ToFloat16, type NdArray, toFloat32 } from "../src/array/index.ts";
import { type Component, type ComponentName, openCheckpoint, readStoredArray } from "../src/checkpoint/index.ts";
import { writeSafetensors } from "../src/formats/safetensors/index.ts";
import type { GoldenFamily } from "./golden-models.ts";
import { type Tensors, textEncoderToOpenClip, transposed, unetToLdm, vaeToLdm } from "./ldm-names.ts";

/** The tensors of a model's networks in memory, with Diffusers' names. */
export type ModelTensors = Readonly<Record<Exclude<ComponentName, "textEncoder2">, Tensors>> & {
  readonly textEncoder2: Tensors | undefined;
};

export async function readModel(file: string): Promise<ModelTensors> {
  const { unet, vae, textEncoder, textEncoder2 } = await openCheckpoint(file);
  return {
    unet: tensorsOf(unet),
    vae: tensorsOf(vae),
    textEncoder: tensorsOf(textEncoder),
    textEncoder2: textEncoder2 && tensorsOf(textEncoder2),
  };
}

/** A network's tensors, none transposed. */
function tensorsOf({ tensors, storedTransposed }: Component): Tensors {
  return new Map(
    [...tensors].map(([name, stored]) => {
      const array = readStoredArray(stored);
      return [name, storedTransposed.has(name) ? transposed(array) : array];
    }),
  );
}

export type FloatDType = "float32" | "float16" | "bfloat16";

export function cast(tensors: Tensors, dtype: FloatDType): Map<string, NdArray> {
  const convert = { float16: float32ToFloat16, bfloat16: float32ToBfloat16 };
  const inDType = (array: NdArray): NdArray => {
    const { shape, data } = toFloat32(array);
    return { dtype, shape, data: dtype === "float32" ? data : Uint16Array.from(data, convert[dtype]) };
  };
  return new Map([...tensors].map(([name, array]) => [name, inDType(array)]));
}

export function castModel(model: ModelTensors, dtype: FloatDType): ModelTensors {
  return {
    unet: cast(model.unet, dtype),
    vae: cast(model.vae, dtype),
    textEncoder: cast(model.textEncoder, dtype),
    textEncoder2: model.textEncoder2 && cast(model.textEncoder2, dtype),
  };
}

export function prefixed(prefix: string, tensors: Tensors): Map<string, NdArray> {
  return new Map([...tensors].map(([name, array]) => [prefix + name, array]));
}

/** A model with single files' names. SD2's gets back the dropped last block: here a copy of the one before. */
export function singleFileTensors(model: ModelTensors, kind: GoldenFamily["kind"]): Map<string, NdArray> {
  const networks = new Map([
    ...prefixed("model.diffusion_model.", unetToLdm(model.unet)),
    ...prefixed("first_stage_model.", vaeToLdm(model.vae)),
  ]);
  const add = (prefix: string, tensors: Tensors) => {
    for (const [name, array] of prefixed(prefix, tensors)) networks.set(name, array);
  };
  if (kind === "sd1") add("cond_stage_model.transformer.", model.textEncoder);
  if (kind === "sd2") add("cond_stage_model.model.", withLastBlock(textEncoderToOpenClip(model.textEncoder)));
  if (kind === "sdxl") {
    add("conditioner.embedders.0.transformer.", model.textEncoder);
    add("conditioner.embedders.1.model.", textEncoderToOpenClip(model.textEncoder2!));
  }
  return networks;
}

function withLastBlock(tensors: Tensors): Tensors {
  const numbers = [...tensors.keys()].map((name) => Number(/^transformer\.resblocks\.(\d+)/.exec(name)?.[1] ?? -1));
  const last = `transformer.resblocks.${Math.max(...numbers)}.`;
  const more = `transformer.resblocks.${Math.max(...numbers) + 1}.`;
  const copies = [...tensors].filter(([name]) => name.startsWith(last));
  return new Map([...tensors, ...copies.map(([name, array]) => [name.replace(last, more), array] as const)]);
}

export type ComponentWriter = (folder: string, base: string, tensors: Tensors) => void;

const plainSafetensors: ComponentWriter = (folder, base, tensors) =>
  writeFileSync(path.join(folder, `${base}.safetensors`), writeSafetensors({ tensors }));

const components = [
  ["unet", "unet", "diffusion_pytorch_model"],
  ["vae", "vae", "diffusion_pytorch_model"],
  ["textEncoder", "text_encoder", "model"],
  ["textEncoder2", "text_encoder_2", "model"],
] as const;

/** Writes a model as a Diffusers folder with the family's configs. */
export function writeDiffusersFolder(
  folder: string,
  model: ModelTensors,
  { kind, configs }: GoldenFamily,
  write: ComponentWriter = plainSafetensors,
): void {
  const json = (file: string, value: unknown) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), JSON.stringify(value));
  };
  const className = kind === "sdxl" ? "StableDiffusionXLPipeline" : "StableDiffusionPipeline";
  json("model_index.json", { _class_name: className });
  json("scheduler/scheduler_config.json", configs.scheduler);
  for (const [name, inner, base] of components) {
    const tensors = model[name];
    if (!tensors) continue;
    json(`${inner}/config.json`, configs[inner]);
    write(path.join(folder, inner), base, tensors);
  }
}
