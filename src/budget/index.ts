import { CoinageError, type ErrorCode } from "../errors/index.ts";
import { type LimitName, limits } from "./limits.ts";

export { type LimitName, limits } from "./limits.ts";

/** The error for input beyond a limit. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What exceeds the limit, as the start of a sentence: "The file's header". */
  readonly subject: string;
  readonly where?: string;
  readonly hint?: string;
}

/** Adds up what one input takes, over all of its parts. */
export class Budget {
  readonly #limit: LimitName;
  readonly #refusal: Refusal;
  #spent = 0;

  constructor(limit: LimitName, refusal: Refusal) {
    this.#limit = limit;
    this.#refusal = refusal;
  }

  /** The amount left. */
  get left(): number {
    return limits[this.#limit].max - this.#spent;
  }

  /** Adds an amount; negative amounts are credits. @throws the refusal if the sum is over the limit or NaN */
  spend(amount: number): void {
    this.#spent += amount;
    requireWithin(this.#limit, this.#spent, this.#refusal);
  }
}

/** Checks the nesting depth of parsed data, without recursion: it may be deeper than the stack. @throws the refusal */
export function requireShallow(data: unknown, refusal: Refusal): void {
  let level: readonly unknown[] = [data];
  for (let depth = 0; level.length > 0; depth++) {
    requireWithin("nesting", depth, refusal);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

/** Checks a single amount. @throws the refusal if it is over the limit or NaN */
export function requireWithin(limit: LimitName, amount: number, refusal: Refusal): void {
  const { max, unit } = limits[limit];
  if (amount <= max) return;
  const { code, subject, where, hint } = refusal;
  throw new CoinageError(code, `${subject} asks for more than ${max.toLocaleString("en-US")} ${unit}.`, {
    ...(where !== undefined && { where }),
    ...(hint !== undefined && { hint }),
  });
}
