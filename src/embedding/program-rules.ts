import type { NdArray } from "../array/index.ts";
import { parseSafetensors, readTensor } from "../formats/safetensors/index.ts";

/** Programs whose rules for reading embeddings are known. */
export const programs = ["A1111", "Forge", "ComfyUI", "InvokeAI"] as const;
export type Program = (typeof programs)[number];

type Tensors = ReadonlyMap<string, NdArray>;

/** encoders: of the model loaded in the program */
type Rule = (tensors: Tensors, encoders: number) => readonly (NdArray | undefined)[];

/** Source: A1111 modules/textual_inversion/textual_inversion.py, create_embedding_from_data; Forge backend/text_processing/textual_inversion.py. */
const webUi: Rule = (tensors) => pairIn(tensors) ?? (tensors.size === 1 ? [firstIn(tensors)] : []);

const rules: Readonly<Record<Program, Rule>> = {
  A1111: webUi,
  Forge: webUi,
  // Source: ComfyUI comfy/sd1_clip.py, load_embed: each text encoder looks for its own name, else takes the first tensor.
  ComfyUI: (tensors, encoders) =>
    (encoders === 2 ? ["clip_l", "clip_g"] : ["clip_l"]).map((name) => tensors.get(name) ?? firstIn(tensors)),
  // Source: InvokeAI invokeai/backend/textual_inversion.py, from_checkpoint.
  InvokeAI: (tensors) =>
    tensors.has("emb_params") ? [tensors.get("emb_params")] : (pairIn(tensors) ?? [firstIn(tensors)]),
};

/** The tables of vectors [n, width] that a program finds in the bytes of a .safetensors file, in the order of the text encoders; none if it refuses the file.
 *  encoders: number of the model's text encoders, two for SDXL. @throws SAFETENSORS_INVALID */
export function tablesFoundBy(program: Program, bytes: Uint8Array, encoders: number): NdArray[] {
  const { tensors } = parseSafetensors(bytes);
  const found = rules[program](
    new Map([...tensors].map(([name, entry]) => [name, readTensor(bytes, entry)])),
    encoders,
  );
  return found
    .filter((table) => table !== undefined)
    .map((table) => (table.shape.length === 1 ? { ...table, shape: [1, ...table.shape] } : table));
}

function firstIn(tensors: Tensors): NdArray | undefined {
  const [first] = tensors.values();
  return first;
}

function pairIn(tensors: Tensors): [NdArray, NdArray] | undefined {
  const [clipL, clipG] = [tensors.get("clip_l"), tensors.get("clip_g")];
  return clipL && clipG && [clipL, clipG];
}
