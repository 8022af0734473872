import type { Check } from "../../../../checking/check.ts";
import type { WordFacts } from "../../../../checking/word.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Fields } from "./fields.ts";

/** What decides whether a run can start. */
interface Readiness {
  readonly fields: Fields;
  readonly pictures: number;
  /** Pictures being sent. */
  readonly coming: number;
  readonly facts: WordFacts | undefined;
  readonly check: Check | undefined;
  /** Whether the check itself failed. */
  readonly isUnchecked?: boolean;
  /** Whether the draft was also changed elsewhere. */
  readonly isConflict: boolean;
}

/** Problems that starting solves: it downloads the model first. */
const solvedByStart: ReadonlySet<string> = new Set(["HUB_OFFLINE"]);

/** Errors about missing parts, for which the page has its own texts. */
const missing: ReadonlySet<string> = new Set(["TOKEN_EMPTY", "DATASET_EMPTY"]);

/** Whether the model must be downloaded first, so that the run cannot be estimated yet. */
export function isDownloadedFirst(check: Check | undefined): boolean {
  return check?.errors.some(({ code }) => solvedByStart.has(code)) ?? false;
}

/** Errors to show in full: missing parts are listed beside Start only. */
export function shownErrors(check: Check | undefined): Check["errors"] {
  return (check?.errors ?? []).filter(
    (error) => !missing.has(error.code) && !solvedByStart.has(error.code) && !isOfModel(error),
  );
}

/** Whether only the model is missing. A check begun before one was chosen reports that for a moment. */
function isOfModel({ code, where = "" }: Check["errors"][number]): boolean {
  return code === "SETTINGS_MISSING" && !where.includes("--resolution");
}

/** Why the run cannot start yet, as a sentence; undefined if it can. */
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
