import { CoinageError } from "../errors/index.ts";
import { type Dim, reshape, slice, type Tensor } from "../graph/index.ts";
import type { LevelArchitecture, UNetArchitecture } from "./architecture.ts";
import type { DiffusionModel } from "./diffusion-model.ts";

/** Names of a U-Net's blocks with cross-attention, in order of execution: by their numbers among the input and output blocks of original checkpoints.
 *  Stable Diffusion 1 and 2 have 16, IN01 to OUT11. Source: sd-scripts' XTI. */
export function crossAttentionLayers({ down, mid, up }: UNetArchitecture): string[] {
  // The first convolution and the downsampler behind a level are input blocks too.
  const inputs = [false, ...down.flatMap((level) => [...readsText(level), false])];
  const [middle] = readsText(mid);
  return [...numbered("IN", inputs), ...(middle ? ["MID"] : []), ...numbered("OUT", up.flatMap(readsText))];
}

/** The layers of a model that a word can have vectors for (P+, XTI). where: what asks for them. @throws SETTINGS_CONFLICT for SDXL */
export function layersForWords({ family, unet }: Pick<DiffusionModel, "family" | "unet">, where: string): string[] {
  if (family !== "sdxl") return crossAttentionLayers(unet.architecture);
  throw new CoinageError(
    "SETTINGS_CONFLICT",
    "Vectors for each layer (P+, XTI) are for Stable Diffusion 1 and 2; the model is Stable Diffusion XL.",
    { where, hint: "Take another model, or an ordinary word." },
  );
}

/** Whether each block of a level has cross-attention. */
function readsText({ resnets, depths }: LevelArchitecture): boolean[] {
  return Array.from({ length: resnets }, (_, block) => Boolean(depths[block]));
}

function numbered(prefix: string, isNamed: readonly boolean[]): string[] {
  return isNamed.flatMap((is, number) => (is ? [`${prefix}${String(number).padStart(2, "0")}`] : []));
}

/** Text states for each layer: `layers` of [B, T, D], out of the states [B layers, T, D] of B texts that come in a variant for each layer. */
export function layerContexts(states: Tensor, batch: Dim, layers: number): Tensor[] {
  const [, length, width] = states.shape as readonly [Dim, Dim, Dim];
  const variants = reshape(states, [batch, layers, length, width]);
  return Array.from({ length: layers }, (_, layer) =>
    reshape(slice(variants, 1, layer, layer + 1), [batch, length, width]),
  );
}
