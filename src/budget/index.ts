import { CoinageError, type ErrorCode } from "../errors/index.ts";
import { type LimitName, limits } from "./limits.ts";

export { type LimitName, limits } from "./limits.ts";

/** The error that ends work which goes over a limit. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What asks for too much, at the start of a sentence: "The file's header". */
  readonly subject: string;
  readonly where?: string;
  readonly hint?: string;
}

/** Counts what one piece of input has asked for, over all of its parts. */
export class Budget {
  readonly #limit: LimitName;
  readonly #refusal: Refusal;
  #spent = 0;

  constructor(limit: LimitName, refusal: Refusal) {
    this.#limit = limit;
    this.#refusal = refusal;
  }

  /** How much more may be asked for. */
  get left(): number {
    return limits[this.#limit].max - this.#spent;
  }

  /** Adds to what was asked for; a negative amount is a credit. @throws the refusal when the sum is over the limit or not a number */
  spend(amount: number): void {
    this.#spent += amount;
    requireWithin(this.#limit, this.#spent, this.#refusal);
  }
}

/** Checks how deep lists and tables of parsed data are nested; the data may be deeper than the stack. @throws the refusal */
export function requireShallow(data: unknown, refusal: Refusal): void {
  let level: readonly unknown[] = [data];
  for (let depth = 0; level.length > 0; depth++) {
    requireWithin("nesting", depth, refusal);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

/** Checks a single amount. @throws the refusal when it is over the limit or not a number */
export function requireWithin(limit: LimitName, amount: number, refusal: Refusal): void {
  const { max, unit } = limits[limit];
  if (amount <= max) return;
  const { code, subject, where, hint } = refusal;
  throw new CoinageError(code, `${subject} asks for more than ${max.toLocaleString("en-US")} ${unit}.`, {
    ...(where !== undefined && { where }),
    ...(hint !== undefined && { hint }),
  });
}
