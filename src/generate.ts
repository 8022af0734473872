import { type GenerationRunEvent, generateFromSettings } from "./generation/index.ts";
import { checkGenerateSettings, type GenerateInput, parseGenerateRecord } from "./options/index.ts";

export interface GenerateOptions {
  /** Prompts that come in one after another, while the model stays loaded: makes the run `interactive`. */
  readonly prompts?: AsyncIterable<string> | undefined;
}

/** Draws pictures into a folder, and tells what happens as it happens. Leaving the loop stops after the running step.
 *
 *  ```ts
 *  const pictures = generate({
 *    ckpt: "model.safetensors",
 *    textualInversionEmbeddings: ["out/mycat.safetensors"],
 *    prompt: "a photo of mycat in the snow",
 *    seed: 1,
 *    outdir: "pictures",
 *  });
 *  for await (const event of pictures) if (event.kind === "saved") console.log(event.file);
 *  ```
 *  @throws CoinageError: USAGE, SETTINGS_MISSING, SETTINGS_CONFLICT, and whatever is wrong with model, embeddings or prompts */
export async function* generate(
  settings: GenerateInput,
  options: GenerateOptions = {},
): AsyncGenerator<GenerationRunEvent, void> {
  const { prompts } = options;
  const interactive = settings.interactive || prompts !== undefined;
  yield* generateFromSettings(checkGenerateSettings(parseGenerateRecord({ ...settings, interactive })), { prompts });
}
