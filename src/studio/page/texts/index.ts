import { common } from "./common.ts";
import { compare } from "./compare.ts";
import { folders } from "./folders.ts";
import { newWord } from "./new-word.ts";
import { runs } from "./runs.ts";
import { use } from "./use.ts";
import { watch } from "./watch.ts";

/** Everything the page says, in English; a translation is a folder like this one. */
export const texts = { common, compare, folders, newWord, runs, use, watch };
