import { common } from "./common.ts";
import { runs } from "./runs.ts";

/** Everything the page says, in English; a translation is a folder like this one. */
export const texts = { common, runs };
