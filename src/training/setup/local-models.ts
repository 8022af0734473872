import { type DownloadEvent, localModel } from "../../hub/index.ts";
import type { TrainSettings } from "../../options/index.ts";

/** The settings with model and VAE as paths on this machine, fetched from the Hugging Face hub where they are only names.
 *  @throws the HUB codes */
export async function* withLocalModels(settings: TrainSettings): AsyncGenerator<DownloadEvent, TrainSettings> {
  const { pretrainedModelNameOrPath, vae } = settings;
  return {
    ...settings,
    pretrainedModelNameOrPath: yield* localModel(pretrainedModelNameOrPath),
    vae: vae === undefined ? undefined : yield* localModel(vae, "vae"),
  };
}
