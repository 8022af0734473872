import type { z } from "zod";
import type { BoardOf } from "../board/board.ts";
import { longest } from "../protocol/job.ts";
import type { Seal } from "../protocol/signed.ts";

/** A job as its worker reads it. @throws Error for one that was not signed, is none, or is of another run or time */
export function openJob<Job extends BoardOf>(seal: Seal, body: string, schema: z.ZodType<Job>, of: BoardOf): Job {
  const opened = seal.open(body, schema, longest.job);
  if ("problem" in opened) throw new Error(`a job is refused: ${opened.problem}`);
  const job = opened.message;
  if (job.run !== of.run || job.incarnation !== of.incarnation) throw new Error("a job of another time");
  return job;
}
