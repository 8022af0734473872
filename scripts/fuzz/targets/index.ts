import { binaryTargets } from "./binary.ts";
import { folderTargets } from "./folders.ts";
import { promptTargets } from "./prompts.ts";
import { settingsTargets } from "./settings.ts";
import type { Target } from "./target.ts";

export { removeScratch, type Target } from "./target.ts";

/** Every reader and parser of untrusted input. A new one is one line in one of the four lists. */
export const targets: readonly Target[] = [...binaryTargets, ...folderTargets, ...promptTargets, ...settingsTargets];
