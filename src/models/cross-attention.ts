import { CoinageError } from "../errors/index.ts";
import { type Dim, reshape, slice, type Tensor } from "../graph/index.ts";
import type { LevelArchitecture, UNetArchitecture } from "./architecture.ts";
import type { DiffusionModel } from "./diffusion-model.ts";

/** Names of a U-Net's blocks with cross-attention, in order of execution, by their index among LDM's input_blocks and output_blocks:
 *  Stable Diffusion 1 and 2 have 16, IN01 to OUT11. Source: sd-scripts `XTI_hijack.py` and `train_textual_inversion_XTI.py`. */
export function crossAttentionLayers({ down, mid, up }: UNetArchitecture): string[] {
  // the first convolution and the downsampler after each level are input blocks too
  const inputs = [false, ...down.flatMap((level) => [...readsText(level), false])];
  const [middle] = readsText(mid);
  return [...numbered("IN", inputs), ...(middle ? ["MID"] : []), ...numbered("OUT", up.flatMap(readsText))];
}

/** The layers for which a placeholder token can have embeddings of its own (P+, XTI). where: the setting that asks for them. @throws SETTINGS_CONFLICT for SDXL
 *  Source: Voynov 2023, "P+: Extended Textual Conditioning in Text-to-Image Generation". */
export function xtiLayers({ family, unet }: Pick<DiffusionModel, "family" | "unet">, where: string): string[] {
  if (family !== "sdxl") return crossAttentionLayers(unet.architecture);
  throw new CoinageError(
    "SETTINGS_CONFLICT",
    "Embeddings per layer (P+, XTI) work with Stable Diffusion 1 and 2 only; this model is Stable Diffusion XL.",
    { where, hint: "Use another model, or an ordinary embedding." },
  );
}

/** Whether each block of a level has cross-attention. */
function readsText({ resnets, transformerLayers }: LevelArchitecture): boolean[] {
  return Array.from({ length: resnets }, (_, block) => Boolean(transformerLayers[block]));
}

function numbered(prefix: string, isNamed: readonly boolean[]): string[] {
  return isNamed.flatMap((is, number) => (is ? [`${prefix}${String(number).padStart(2, "0")}`] : []));
}

/** The encoderHiddenStates of each layer: `layers` tensors [B, T, D], from those of B texts in one variant per layer, side by side [B x layers, T, D]. */
export function hiddenStatesOfLayers(encoderHiddenStates: Tensor, batch: Dim, layers: number): Tensor[] {
  const [, length, width] = encoderHiddenStates.shape as readonly [Dim, Dim, Dim];
  const variants = reshape(encoderHiddenStates, [batch, layers, length, width]);
  return Array.from({ length: layers }, (_, layer) =>
    reshape(slice(variants, 1, layer, layer + 1), [batch, length, width]),
  );
}
