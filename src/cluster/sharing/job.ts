import type { z } from "zod";
import type { QueueId } from "../board/board.ts";
import { longest } from "../protocol/job.ts";
import type { Seal } from "../protocol/signed.ts";
import { givenBack } from "./protocol.ts";

/** A job as its worker reads it. @throws Error for one that was not signed, is none, or is of another run or time */
export function openJob<Job extends QueueId>(seal: Seal, body: string, schema: z.ZodType<Job>, of: QueueId): Job {
  const opened = seal.open(body, schema, longest.job);
  if ("problem" in opened) throw new Error(`a job is refused: ${opened.problem}`);
  const job = opened.message;
  if (job.run !== of.run || job.incarnation !== of.incarnation) throw new Error("a job of another time");
  return job;
}

/** What a job comes to. One whose worker leaves is given back at once: what computes cannot be interrupted. @throws Error that gives it back */
export async function untilLeaving<Result>(compute: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) throw new Error(givenBack);
  const computed = compute();
  return new Promise((resolve, reject) => {
    const giveBack = () => reject(new Error(givenBack));
    signal.addEventListener("abort", giveBack);
    const forget = () => signal.removeEventListener("abort", giveBack);
    computed.then(resolve, reject).finally(forget);
  });
}
