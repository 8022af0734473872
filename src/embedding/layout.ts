import { recognizeNames } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { Contents, FileTensor } from "./contents.ts";

/** The layouts in which programs store embeddings. */
export type EmbeddingLayout =
  | "emb_params"
  | "emp_params"
  | "token"
  | "a1111"
  | "a1111-image"
  | "clip_l+clip_g"
  | "clip_l"
  | "clip_g"
  | "clip_h"
  | "text_encoders"
  | "bundle"
  | "list"
  | "tensor"
  | "xti";

/** Which tensors of a file are the embedding. Roles: `vectors`; `clip_l`, `clip_g`; the layer names of xti. */
interface LaidOut {
  readonly layout: EmbeddingLayout;
  readonly roles: ReadonlyMap<string, readonly FileTensor[]>;
  readonly token: string | undefined;
  readonly warnings: readonly string[];
}

/** An XTI (P+) name of a U-Net layer. Alphabetical order is the order of execution. */
const xtiLayer = /^(IN\d\d|MID|OUT\d\d)$/;

/** What to do with several tensors in an unknown combination. */
export type SeveralTensors = "refuse" | "first";

/** Finds the embedding in the contents of a file, by the names in it. Source: A1111 modules/textual_inversion/textual_inversion.py, create_embedding_from_data; ComfyUI comfy/sd1_clip.py, load_embed;
 *  diffusers loaders/textual_inversion.py; sd-scripts train_textual_inversion.py, save_weights.
 *  @throws EMBEDDING_EMPTY, EMBEDDING_UNRECOGNIZED, EMBEDDING_UNSUPPORTED, EMBEDDING_AMBIGUOUS */
export function findEmbedding(contents: Contents, where: string, several: SeveralTensors): LaidOut {
  const { form, tensors, parameters, others } = contents;
  if (parameters) return fromWebUi(parameters, contents, where);
  if (form === "tensor") return laidOut("tensor", { vectors: [...tensors.values()] });
  if (form === "other" || (form === "list" && others.length > 0) || (tensors.size === 0 && others.length > 0))
    throw unrecognized(where, "nothing in it is a tensor with a name");
  if (tensors.size === 0) throw new CoinageError("EMBEDDING_EMPTY", `${where} holds no tensor.`);
  if (form === "list") return laidOut("list", { vectors: [...tensors.values()] });
  return fromNames(tensors, where, several);
}

function fromWebUi(
  parameters: ReadonlyMap<string, FileTensor | undefined>,
  { fields }: Contents,
  where: string,
): LaidOut {
  const [first, ...more] = parameters.values();
  if (parameters.size === 0) throw new CoinageError("EMBEDDING_EMPTY", `${where} has an empty "string_to_param".`);
  if (!first) throw unrecognized(where, '"string_to_param" holds something that is not a tensor');
  const name = fields.get("name");
  const warnings = more.length > 0 ? [`${where} holds ${parameters.size} words; the first is used.`] : [];
  return { ...laidOut("a1111", { vectors: [first] }, name === undefined ? undefined : String(name)), warnings };
}

function fromNames(tensors: ReadonlyMap<string, FileTensor>, where: string, several: SeveralTensors): LaidOut {
  const names = [...tensors.keys()];
  if (names.some((name) => /^(emp_params|clip_[lgh])_out$/.test(name))) throw outputEmbedding(where);
  if (names.some((name) => name.startsWith("bundle_emb."))) return fromBundle(tensors, where);
  if (names.length > 1 && names.every((name) => xtiLayer.test(name)))
    return laidOut("xti", Object.fromEntries(names.toSorted().map((layer) => [layer, [tensors.get(layer)!]])));
  if (names.some((name) => /^t5(xxl)?$/.test(name))) throw otherFamily(where);
  const pair = clipPair(tensors) ?? numberedPair(tensors);
  if (pair) return pair;
  const [name] = names as [string];
  const warnings = names.length > 1 ? [`${where} holds ${names.length} tensors; the first, "${name}", is used.`] : [];
  if (names.length > 1 && (several === "refuse" || recognizeNames(names).kind !== "unknown"))
    throw severalTensors(names, where);
  if (name === "emb_params" || name === "emp_params" || name === "clip_h")
    return laidOut(name, { vectors: [tensors.get(name)!] });
  return { ...laidOut("token", { vectors: [tensors.get(name)!] }, name), warnings };
}

/** `clip_l` and `clip_g`, or only one of them; undefined if there is any other tensor. */
function clipPair(tensors: ReadonlyMap<string, FileTensor>): LaidOut | undefined {
  const clipL = tensors.get("clip_l");
  const clipG = tensors.get("clip_g");
  if (tensors.size === 2 && clipL && clipG) return laidOut("clip_l+clip_g", { clip_l: [clipL], clip_g: [clipG] });
  if (tensors.size !== 1) return undefined;
  if (clipL) return laidOut("clip_l", { clip_l: [clipL] });
  return clipG && laidOut("clip_g", { clip_g: [clipG] });
}

/** What Diffusers' advanced training scripts and Replicate write for SDXL (`embeddings.safetensors`, `embeddings.pti`). */
function numberedPair(tensors: ReadonlyMap<string, FileTensor>): LaidOut | undefined {
  const [first, second] = [tensors.get("text_encoders_0"), tensors.get("text_encoders_1")];
  if (tensors.size !== 2 || !first || !second) return undefined;
  return laidOut("text_encoders", { clip_l: [first], clip_g: [second] });
}

/** Embeddings in a LoRA file: `bundle_emb.NAME.clip_l` or `bundle_emb.NAME.string_to_param.*`. */
function fromBundle(tensors: ReadonlyMap<string, FileTensor>, where: string): LaidOut {
  const words = new Map<string, Map<string, FileTensor>>();
  for (const [key, tensor] of tensors) {
    const parts = /^bundle_emb\.(.+)\.(string_to_param\.\*|emb_params|clip_[lg](?:_out)?)$/.exec(key);
    if (!parts) continue;
    const [, word, role] = parts as unknown as [string, string, string];
    words.set(word, (words.get(word) ?? new Map<string, FileTensor>()).set(role, tensor));
  }
  const [found, ...more] = words;
  if (!found) throw unrecognized(where, "its bundled embedding is of an unknown kind");
  if (more.length > 0)
    throw new CoinageError(
      "EMBEDDING_AMBIGUOUS",
      `${where} bundles ${words.size} words: ${[...words.keys()].slice(0, 5).join(", ")}.`,
    );
  const [token, inside] = found;
  if ([...inside.keys()].some((role) => role.endsWith("_out"))) throw outputEmbedding(where);
  const pair = clipPair(inside);
  // OneTrainer also calls the only text encoder of SD1 and SD2 clip_l.
  const roles = pair && pair.layout !== "clip_l" ? pair.roles : new Map([["vectors", [...inside.values()]]]);
  return { layout: "bundle", roles, token, warnings: [] };
}

function laidOut(
  layout: EmbeddingLayout,
  roles: Readonly<Record<string, readonly FileTensor[]>>,
  token?: string,
): LaidOut {
  return { layout, roles: new Map(Object.entries(roles)), token, warnings: [] };
}

function severalTensors(names: readonly string[], where: string): CoinageError {
  const { kind, label } = recognizeNames(names);
  if (kind !== "unknown" && kind !== "embedding") return unrecognized(where, `it is ${label}`);
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ", ..." : "");
  return new CoinageError(
    "EMBEDDING_AMBIGUOUS",
    `${where} holds ${names.length} tensors that are not a known combination: ${shown}.`,
    {
      hint: "An embedding has one tensor, or clip_l and clip_g for Stable Diffusion XL.",
    },
  );
}

function outputEmbedding(where: string): CoinageError {
  return new CoinageError(
    "EMBEDDING_UNSUPPORTED",
    `${where} is an "output embedding" of OneTrainer: its vectors are added after the text encoder, and those for its input are empty.`,
    { hint: 'Train it again with "output embedding" switched off.' },
  );
}

function otherFamily(where: string): CoinageError {
  return new CoinageError(
    "EMBEDDING_UNSUPPORTED",
    `${where} is an embedding for Stable Diffusion 3 or Flux: it has vectors for a T5 text encoder.`,
    { hint: "Get one for Stable Diffusion 1, 2 or XL." },
  );
}

function unrecognized(where: string, why: string): CoinageError {
  return new CoinageError("EMBEDDING_UNRECOGNIZED", `${where} holds no embedding: ${why}.`, {
    hint: "Give a Textual Inversion embedding: .safetensors, .pt, .bin or an image from the web UI.",
  });
}
