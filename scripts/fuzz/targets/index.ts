import { binaryTargets } from "./binary.ts";
import { folderTargets } from "./folders.ts";
import { promptTargets } from "./prompts.ts";
import { settingsTargets } from "./settings.ts";
import type { Target } from "./target.ts";

export { removeScratch, type Target } from "./target.ts";

/** Every reader and parser of what strangers write. A new one is a line in one of the four. */
export const targets: readonly Target[] = [...binaryTargets, ...folderTargets, ...promptTargets, ...settingsTargets];
