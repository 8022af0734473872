import { type DownloadEvent, localModel } from "../hub/index.ts";
import type { TrainSettings } from "../options/index.ts";

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

/** What is asked of an AbortSignal. Named here, so that the published types need none of Node's. */
export interface StopSignal {
  readonly aborted: boolean;
}

/** What a generator comes to; undefined when it was left because of the signal. What was fetched until then is kept. */
export async function* unlessAborted<Event, Result>(
  run: AsyncGenerator<Event, Result>,
  signal: StopSignal | undefined,
): AsyncGenerator<Event, Result | undefined> {
  try {
    for (;;) {
      const { done, value } = await run.next();
      if (done) return value;
      yield value;
      if (signal?.aborted) return undefined;
    }
  } finally {
    await run.return(undefined as Result);
  }
}
