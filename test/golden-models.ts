import path from "node:path";
import { type OpenOptions, openCheckpoint } from "../src/checkpoint/index.ts";
import { type DiffusionModel, diffusionModel, type NetworkSource } from "../src/models/index.ts";
import { readJson } from "./goldens.ts";

type Config = Record<string, unknown>;

/** A family of small models of the golden set; all paths absolute. */
export interface GoldenFamily {
  readonly name: string;
  readonly kind: "sd1" | "sd2" | "sdxl";
  readonly files: readonly { readonly path: string; readonly layout: "single" | "diffusers" }[];
  readonly configs: Readonly<Record<"text_encoder" | "text_encoder_2" | "unet" | "vae" | "scheduler", Config>>;
  /** JSON with the recorded cases. */
  readonly goldens: string;
}

/** The families in an index of models. */
export function readFamilies(folder: string, index = "index.json"): GoldenFamily[] {
  const file = path.join(folder, index);
  const absolute = (name: string) => path.join(path.dirname(file), name);
  return readJson<{ families: GoldenFamily[] }>(file).families.map((family) => ({
    ...family,
    goldens: absolute(family.goldens),
    files: family.files.map((entry) => ({ ...entry, path: absolute(entry.path) })),
  }));
}

/** Opens a file of a family. A single file does not give heads and groups, which are unusual in these small models. */
export async function openGoldenModel(
  file: string,
  { configs }: Pick<GoldenFamily, "configs">,
  options?: OpenOptions,
): Promise<DiffusionModel> {
  const { family, unet, vae, textEncoder, textEncoder2 } = await openCheckpoint(file, options);
  const withConfig = (source: NetworkSource, config: Config) => ({ ...source, config: source.config ?? config });
  return diffusionModel({
    family: family.value,
    unet: withConfig(unet, configs.unet),
    vae: withConfig(vae, configs.vae),
    textEncoder: withConfig(textEncoder, configs.text_encoder),
    textEncoder2: textEncoder2 && withConfig(textEncoder2, configs.text_encoder_2),
  });
}
