import { CoinageError } from "../errors/index.ts";
import type { UNetInputs } from "./checkpoint.ts";
import type { FoundComponent } from "./component.ts";

const foreignInputs: Readonly<Record<number, string>> = {
  5: "a depth-guided model",
  8: "an image-editing (instruct-pix2pix) model",
};

/** What a U-Net takes, told by its first convolution. Inpainting models are given only to callers that can feed them.
 *  @throws CHECKPOINT_INPAINTING, CHECKPOINT_FOREIGN */
export function inputsOf({ tensors, where }: FoundComponent, { allowInpainting = false }): UNetInputs {
  const channels = tensors.get("conv_in.weight")?.shape[1];
  // Without a first convolution the U-Net is incomplete, which is told elsewhere.
  if (channels === undefined || channels === 4) return "latents";
  if (channels === 9 && allowInpainting) return "inpainting";
  if (channels === 9)
    throw new CoinageError(
      "CHECKPOINT_INPAINTING",
      `${where} is an inpainting model: its U-Net takes 9 channels (latents, a mask, the masked picture) instead of 4.`,
      {
        hint: "Use the ordinary model that it was made from. A word learned with that one works in the inpainting model, too.",
      },
    );
  const kind = foreignInputs[channels] ?? "another kind of model";
  throw new CoinageError(
    "CHECKPOINT_FOREIGN",
    `${where} is ${kind}: its U-Net takes ${channels} channels instead of 4.`,
    { hint: "Only ordinary Stable Diffusion 1, 2 and XL base models are supported." },
  );
}
