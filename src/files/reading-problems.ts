import { readlink } from "node:fs/promises";
import type { Refusal } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { reasonOf } from "./disk.ts";

/** Something other than a file is at a path; the message says what, as the end of a sentence. */
export class NotAFile extends Error {}

/** Runs `reading`; errors of the system become the refusal. @throws the refusal; coded errors unchanged */
export async function withRefusal(
  refusal: Refusal,
  file: string,
  reading: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    return await reading();
  } catch (cause) {
    if (cause instanceof CoinageError) throw cause;
    const { code, subject, where, hint } = refusal;
    throw new CoinageError(code, `${subject} cannot be read (${await whyUnreadable(file, cause)}).`, {
      ...(where !== undefined && { where }),
      ...(hint !== undefined && { hint }),
      cause,
    });
  }
}

/** Why a file could not be read, as the rest of a sentence: "it is a link to gone.png, which does not exist". */
export async function whyUnreadable(file: string, error: unknown): Promise<string> {
  if (error instanceof NotAFile) return error.message;
  const reason = reasonOf(error);
  if (isForbidden(error)) return `you do not have permission to read it, ${reason}`;
  if (reason === "ELOOP") return "it is a link that leads back to itself";
  if (reason !== "ENOENT") return reason;
  const target = await readlink(file).catch(() => undefined);
  return target === undefined ? "it does not exist" : `it is a link to ${target}, which does not exist`;
}

/** What to do about an unreadable file; undefined if only its contents can be wrong. */
export function readingHint(error: unknown): string | undefined {
  if (isForbidden(error)) return "Give yourself permission to read it (chmod u+r) and to enter its folder.";
  return undefined;
}

/** Whether the system refused for lack of permission. */
function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(reasonOf(error));
}
