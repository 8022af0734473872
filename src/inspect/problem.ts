import { CoinageError } from "../errors/index.ts";
import type { Problem } from "./inspection.ts";

/** What an error says, as data. Anything but a mistake we can name is a defect of ours and thrown on. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof CoinageError)) throw error;
  return { code: error.code, message: error.message, hint: error.hint };
}
