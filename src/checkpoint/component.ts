import type { DType, StoredArray } from "../array/index.ts";
import { CoinageError, plural } from "../errors/index.ts";
import type { Checkpoint, Component, ComponentName, Family, Spelling } from "./checkpoint.ts";
import { modernTextEncoderName, textEncoderTensorNames } from "./names/text-encoder.ts";
import { unetTensorNames } from "./names/unet.ts";
import { isVaeAttentionMatrix, modernVaeName, vaeTensorNames } from "./names/vae.ts";
import { reshaped } from "./stored.ts";

/** The tensors of one network as found, under Diffusers/Transformers names, with any others beside them. */
export interface FoundComponent {
  readonly name: ComponentName;
  /** File or folder, for messages. */
  readonly where: string;
  readonly tensors: ReadonlyMap<string, StoredArray>;
  /** Tensors of unsupported dtypes among this network's: name in the file -> dtype. */
  readonly unusable: ReadonlyMap<string, string>;
  /** This network's names in the file to which no rule applies. */
  readonly unknown?: readonly string[];
  readonly config: Component["config"];
  readonly spelling: Spelling;
  readonly storedTransposed?: readonly string[];
}

export interface Needs {
  /** SDXL's second text encoder has a projection, its U-Net added conditions. */
  readonly isSdxl: boolean;
  /** Required rank of the U-Net's projections; undefined leaves them as stored. */
  readonly projectionRank?: 2 | 4 | undefined;
}

/** A model's file or folder, before anything is decided about it. */
export interface FoundModel extends Pick<Checkpoint, "path" | "layout" | "schedulerConfig" | "metadata"> {
  /** Finds each network. @throws if it is missing or of an unsupported kind */
  readonly find: Readonly<Record<ComponentName, () => FoundComponent>>;
  readonly hasTwoTextEncoders: boolean;
  /** Rank of the U-Net's projections in a model of the family; undefined: as stored. */
  readonly projectionRank: (family: Family) => Needs["projectionRank"];
  /** Names in the file, for marker tensors. */
  readonly names: { has(name: string): boolean };
  readonly globalStep: number | undefined;
  readonly hasZeroTerminalSnr: boolean;
}

const componentLabels: Readonly<Record<ComponentName, string>> = {
  unet: "U-Net",
  vae: "VAE",
  textEncoder: "text encoder",
  textEncoder2: "second text encoder",
};

const weightDtypes: readonly DType[] = ["float64", "float32", "float16", "bfloat16"];

/** A component with exactly the tensors its network needs, with today's names and ranks.
 *  @throws CHECKPOINT_INCOMPLETE naming the first missing tensors; CHECKPOINT_DTYPE */
export function completeComponent(found: FoundComponent, needs: Needs): Component {
  const canonical = new Map<string, StoredArray>();
  for (const [name, stored] of found.tensors) {
    const today = todaysName(found.name, name);
    if (today === name || !found.tensors.has(today)) canonical.set(today, inCanonicalRank(today, stored, needs));
  }
  const required = requiredNames(found, canonical, needs);
  const missing = required.filter((name) => !canonical.has(name));
  if (missing.length > 0) throw found.unusable.size > 0 ? unsupportedDtype(found) : incomplete(found, missing);

  const tensors = new Map(required.map((name) => [name, canonical.get(name)!]));
  for (const [name, { dtype }] of tensors) if (!weightDtypes.includes(dtype)) throw wrongDtype(found, name, dtype);
  const storedTransposed = new Set(found.storedTransposed?.filter((name) => tensors.has(name)));
  return { tensors, config: found.config, spelling: found.spelling, storedTransposed };
}

function todaysName(component: ComponentName, name: string): string {
  if (component === "vae") return modernVaeName(name);
  return component === "unet" ? name : modernTextEncoderName(name);
}

function requiredNames({ name, config }: FoundComponent, tensors: ReadonlyMap<string, StoredArray>, needs: Needs) {
  if (name === "unet") return unetTensorNames(tensors, config, needs.isSdxl);
  if (name === "vae") return vaeTensorNames(tensors, config);
  return textEncoderTensorNames(tensors, config, name === "textEncoder2");
}

/** Tensors that ordinary files hold beside the networks' own. */
const ordinary =
  /^(loss|model_ema)[._]|(^|\.)(position_ids|logit_scale|attn_mask|text_projection(\.weight)?)$|^(vision_model|visual_projection|visual)\./;

/** A warning if a network has tensors that the architecture lacks: the original would behave differently with them. */
export function warnOfUnknown(found: FoundComponent, { tensors }: Component): string[] {
  const unused = [...found.tensors.keys()].filter((name) => !tensors.has(todaysName(found.name, name)));
  const unknown = [...(found.unknown ?? []), ...unused].filter((name) => !ordinary.test(name));
  if (unknown.length === 0) return [];
  const which = unknown.length === 1 ? "a tensor" : `${unknown.length} tensors`;
  return [
    `The ${componentLabels[found.name]} in ${found.where} has ${which} that no Stable Diffusion 1, 2 or XL model has; ignored: ${shown(unknown)}.`,
  ];
}

/** 1x1 convolutions and linear layers hold the same bytes. */
function inCanonicalRank(name: string, stored: StoredArray, { projectionRank }: Needs): StoredArray {
  const rank = isVaeAttentionMatrix(name) ? 2 : /\.proj_(in|out)\.weight$/.test(name) ? projectionRank : undefined;
  const { shape } = stored;
  if (rank === 2 && shape.length === 4 && shape[2] === 1 && shape[3] === 1) return reshaped(stored, shape.slice(0, 2));
  return rank === 4 && shape.length === 2 ? reshaped(stored, [...shape, 1, 1]) : stored;
}

function incomplete({ name, where }: FoundComponent, missing: readonly string[]): CoinageError {
  return new CoinageError(
    "CHECKPOINT_INCOMPLETE",
    `The ${componentLabels[name]} in ${where} lacks ${plural(missing.length, "tensor")}: ${shown(missing)}`,
    { hint: "The file is incomplete or of another architecture. Use a complete Stable Diffusion 1, 2 or XL model." },
  );
}

function shown(names: readonly string[]): string {
  return names.slice(0, 4).join(", ") + (names.length > 4 ? ", ..." : "");
}

function unsupportedDtype({ name, where, unusable }: FoundComponent): CoinageError {
  const [tensor, dtype] = [...unusable][0]!;
  return new CoinageError(
    "CHECKPOINT_DTYPE",
    `The ${componentLabels[name]} in ${where} has ${plural(unusable.size, "tensor")} of an unsupported dtype, such as "${tensor}" (${dtype}).`,
    { hint: "Use a copy of the model in float32, float16 or bfloat16." },
  );
}

function wrongDtype({ name, where }: FoundComponent, tensor: string, dtype: DType): CoinageError {
  return new CoinageError(
    "CHECKPOINT_DTYPE",
    `"${tensor}" of the ${componentLabels[name]} in ${where} is stored as ${dtype}; weights must be floating-point numbers.`,
    { hint: "Use a copy of the model in float32, float16 or bfloat16." },
  );
}

/** The error for a missing network. */
export function missingComponent(name: ComponentName, where: string, what = ""): CoinageError {
  return new CoinageError("CHECKPOINT_INCOMPLETE", `${where} has no ${componentLabels[name]}${what}.`, {
    hint:
      name === "vae"
        ? "Give a VAE with --vae, or a whole model."
        : "The model was not saved or downloaded completely. Give a complete one: U-Net, VAE and text encoders.",
  });
}
