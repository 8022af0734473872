import type { Context } from "hono";
import { CoinageError } from "../../errors/index.ts";
import type { RunPlaces, RunRow } from "../../runs/index.ts";
import { usableRun } from "../disk/runs.ts";
import { answerProblem } from "../http/problems.ts";
import type { RunHistories } from "./histories.ts";
import type { RunListing } from "./listing.ts";
import type { Once } from "./once.ts";

/** The run of a request, as it was when the request came. */
export interface AskedRun {
  readonly places: RunPlaces;
  readonly row: RunRow;
}

/** Answers a request that acts on the run of its `:id`. */
export type Act = (c: Context, work: (run: AskedRun) => Promise<object>) => Promise<Response>;

/** Acts on runs: once per Idempotency-Key, and only if the run has not changed since the event that the page knows (If-Match). On a conflict the answer has
 *  the run as it is now. Watching pages are notified at once. */
export function actingOn(listing: RunListing, histories: RunHistories, once: Once): Act {
  const { root } = listing;
  return async (c, work) => {
    const id = c.req.param("id")!;
    try {
      return await once.do(c, async () => {
        const run = await usableRun(root, id);
        const seq = seqOf(c);
        if (seq !== undefined && (await histories.of(run.places)).changedAt > seq) throw changed(id);
        return work(run).finally(() => listing.changed(id));
      });
    } catch (error) {
      if (!(error instanceof CoinageError && conflicts.has(error.code))) throw error;
      return answerProblem(c, error, { run: (await usableRun(root, id)).row });
    }
  };
}

/** Errors that mean that the run is in another state than the page shows. */
const conflicts: ReadonlySet<string> = new Set(["RUN_CHANGED", "RUN_BUSY", "RUN_ENDED"]);

function changed(id: string): CoinageError {
  return new CoinageError("RUN_CHANGED", "The run has begun, was told to stop or has ended meanwhile.", {
    where: id,
    hint: "Look at how it stands now, and ask again.",
  });
}

/** If-Match: the number of the last event that the page knows. @throws BODY_INVALID */
function seqOf(c: Context): number | undefined {
  const given = c.req.header("if-match");
  if (given === undefined) return undefined;
  const digits = /^"?(\d{1,15})"?$/.exec(given.trim())?.[1];
  if (digits !== undefined) return Number(digits);
  throw new CoinageError("BODY_INVALID", "If-Match is not the number of an event.", { where: "If-Match" });
}
