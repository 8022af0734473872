import { type GenerationRunEvent, generateFromSettings } from "./generation/index.ts";
import {
  checkGenerateSettings,
  type GenerateInput,
  parseGenerateRecord,
  type SettingsWarning,
} from "./options/index.ts";

export interface GenerateOptions {
  /** What reading the settings gave to say, for callers that have read and checked them already. */
  readonly settingsWarnings?: readonly SettingsWarning[];
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
  const { settingsWarnings, prompts } = options;
  const interactive = settings.interactive || prompts !== undefined;
  const checked = checkGenerateSettings(parseGenerateRecord({ ...settings, interactive }));
  for (const { message } of settingsWarnings ?? checked.warnings) yield { kind: "warning", code: "SETTINGS", message };
  yield* generateFromSettings(checked.settings, { prompts });
}
