import { readlink } from "node:fs/promises";
import { reasonOf } from "./reason.ts";

/** What stands at a path is something else than a file: the message says what, as the end of a sentence. */
export class NotAFile extends Error {}

/** Whether the system refused for want of rights. */
export function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(reasonOf(error));
}

/** Why a file could not be read, as people say it: "it is a link to gone.png, which does not exist". */
export async function whyUnreadable(file: string, error: unknown): Promise<string> {
  if (error instanceof NotAFile) return error.message;
  const reason = reasonOf(error);
  if (isForbidden(error)) return `you may not read it, ${reason}`;
  if (reason === "ELOOP") return "it is a link that leads back to itself";
  if (reason !== "ENOENT") return reason;
  const target = await readlink(file).catch(() => undefined);
  return target === undefined ? "it does not exist" : `it is a link to ${target}, which does not exist`;
}

/** What to do about a file that could not be read; undefined where only its contents can be at fault. */
export function readingHint(error: unknown): string | undefined {
  if (isForbidden(error)) return "Give yourself the right to read it (chmod u+r), and to enter its folder.";
  return undefined;
}
