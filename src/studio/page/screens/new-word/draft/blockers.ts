import type { Check } from "../../../../checking/check.ts";
import type { WordFacts } from "../../../../checking/word.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Fields } from "./fields.ts";

/** What says whether a word can be started. */
interface Readiness {
  readonly fields: Fields;
  readonly pictures: number;
  /** Pictures that are on their way. */
  readonly coming: number;
  readonly facts: WordFacts | undefined;
  readonly check: Check | undefined;
  /** Whether it could not be checked. */
  readonly isUnchecked?: boolean;
  /** Whether the draft is another one elsewhere. */
  readonly isConflict: boolean;
}

/** Problems that the start itself solves: a model that is fetched first. */
const solvedByStart: ReadonlySet<string> = new Set(["HUB_OFFLINE"]);

/** Errors that say what is missing, which the page says in its own words. */
const missing: ReadonlySet<string> = new Set(["TOKEN_EMPTY", "DATASET_EMPTY"]);

/** Whether the model is downloaded first, so that nothing can be said of the run yet. */
export function isDownloadedFirst(check: Check | undefined): boolean {
  return check?.errors.some(({ code }) => solvedByStart.has(code)) ?? false;
}

/** Errors to be shown in full: those of what is not there yet are said beside Start only. */
export function shownErrors(check: Check | undefined): Check["errors"] {
  return (check?.errors ?? []).filter(
    (error) => !missing.has(error.code) && !solvedByStart.has(error.code) && !isOfModel(error),
  );
}

/** Whether only the model is missing. A check that began before one was chosen says so for a moment. */
function isOfModel({ code, where = "" }: Check["errors"][number]): boolean {
  return code === "SETTINGS_MISSING" && !where.includes("--resolution");
}

/** Why the word cannot be started yet, as a sentence; undefined where it can. */
export function whyNotStart({
  fields,
  pictures,
  coming,
  facts,
  check,
  isUnchecked,
  isConflict,
}: Readiness): string | undefined {
  if (isConflict) return words.why.conflict;
  if (pictures === 0) return coming > 0 ? words.why.coming(coming) : words.why.noPictures;
  if (fields.word === "") return words.why.noWord;
  if (facts?.problem) return words.why.wordTaken(fields.word);
  if (!fields.model || ("hub" in fields.model && fields.model.hub === "")) return words.why.noModel;
  if (coming > 0) return words.why.coming(coming);
  if (isUnchecked) return words.why.error;
  if (!check) return words.why.checking;
  const [error] = check.errors.filter(({ code }) => !solvedByStart.has(code));
  return error && (isOfModel(error) ? words.why.checking : words.why.error);
}
