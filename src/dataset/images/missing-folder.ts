import { stat } from "node:fs/promises";
import { didYouMean, whyUnreadable } from "../../files/index.ts";

/** A path at which no folder can be had, with the reason and the one that was meant: "picturs (it does not exist. Did you mean pictures?)". */
export async function describeMissing(target: string): Promise<string> {
  const problem: unknown = await stat(target).then(
    () => undefined,
    (error: unknown) => error,
  );
  const reason = problem === undefined ? "it is a file" : await whyUnreadable(target, problem);
  const near = didYouMean(target);
  return `${target} (${near === undefined ? reason : `${reason}. ${near}`})`;
}
