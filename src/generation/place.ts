import { CoinageError } from "../errors/index.ts";

/** The error with the place where the user wrote what it is about. Errors that are no user's mistake stay as they are. */
export function placed(error: unknown, where: string): unknown {
  if (!(error instanceof CoinageError)) return error;
  const { code, message, hint } = error;
  return new CoinageError(code, message, { where, ...(hint && { hint }), cause: error });
}

/** What a piece of work gives; its errors get the place. */
export function inPlace<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw placed(error, where);
  }
}
