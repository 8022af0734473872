import { CoinageError } from "../errors/index.ts";
import type { Decided } from "./checkpoint.ts";

/** What a model shows of something, and why. */
export interface Seen<Value> extends Decided<Value> {
  /** Whether only the model's own word or structure speaks, or a rule of thumb. */
  readonly isCertain: boolean;
}

export interface Question<Value> {
  /** The model's path. */
  readonly where: string;
  /** What the user says it is, by which flag, and how people call it. */
  readonly asked: { readonly value: Value; readonly flag: string } | undefined;
  readonly say: (value: Value) => string;
  readonly warn: (text: string) => void;
}

export function certain<Value>(value: Value, reason: string): Seen<Value> {
  return { value, reason, isCertain: true };
}

export function likely<Value>(value: Value, reason: string): Seen<Value> {
  return { value, reason, isCertain: false };
}

/** What the model shows; where that is no more than likely, the user's word goes before it, with a warning.
 *  differs from sd-scripts: it detects nothing when it trains; without the right flags, or with wrong ones, it fails later or learns from noise.
 *  @throws CHECKPOINT_CONTRADICTED when the user says what the model cannot be */
export function decide<Value>(seen: Seen<Value>, { where, asked, say, warn }: Question<Value>): Decided<Value> {
  const { value, reason, isCertain } = seen;
  if (!asked) return { value, reason };
  if (asked.value === value) return { value, reason: isCertain ? reason : "asked for" };
  if (isCertain)
    throw new CoinageError(
      "CHECKPOINT_CONTRADICTED",
      `${where} ${say(value)} (${reason}); ${asked.flag} says that it ${say(asked.value)}.`,
      { where: asked.flag, hint: `Leave ${asked.flag} out, or choose another model.` },
    );
  warn(`The model ${say(value)}, it seems (${reason}); ${asked.flag} is followed: it ${say(asked.value)}.`);
  return { value: asked.value, reason: "asked for" };
}
