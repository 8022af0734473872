import { CoinageError } from "../../errors/index.ts";
import type { Plain, RunIdentity } from "./identity.ts";

/** Something that was another way when the state was made; undefined: not there. */
export interface Difference {
  /** Keys down to it. */
  readonly path: readonly string[];
  readonly before: Plain | undefined;
  readonly now: Plain | undefined;
}

/** Refuses to go on from a state with another model, dataset or settings: the numbers would be neither the old run's nor a new one's.
 *  @throws STATE_MISMATCH naming what differs */
export function checkIdentity(before: RunIdentity, now: RunIdentity, folder: string): void {
  const found = differences({ ...before }, { ...now });
  if (found.length === 0) return;
  const shown = found.slice(0, 5).map(differenceText);
  if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`);
  throw new CoinageError("STATE_MISMATCH", `This state belongs to another run: ${shown.join("; ")}.`, {
    where: `--resume ${folder}`,
    hint: "Resume with the settings and pictures it was made with. To go on with the vectors alone, give the embedding file saved beside it to --weights.",
  });
}

/** Where two JSON values differ, leaf by leaf. */
export function differences(
  before: Plain | undefined,
  now: Plain | undefined,
  path: readonly string[] = [],
): Difference[] {
  if (!isBranch(before) || !isBranch(now))
    return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ path, before, now }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.flatMap((key) => differences(before[key], now[key], [...path, key]));
}

/** Lists of numbers are shown whole. */
function isBranch(value: Plain | undefined): value is { readonly [key: string]: Plain } {
  if (Array.isArray(value)) return value.some((item) => typeof item === "object" && item !== null);
  return typeof value === "object" && value !== null;
}

function differenceText({ path, before, now }: Difference): string {
  const [area, ...rest] = path;
  const name = rest.at(-1) ?? area!;
  if (area === "settings") return `--${name} was ${valueText(before)} and is ${valueText(now)}`;
  if (area === "model") return modelText(name, before, now);
  if (rest.includes("pictures")) {
    if (before === undefined) return `the picture ${name} is new`;
    return now === undefined ? `the picture ${name} is gone` : `the picture ${name} or its caption has changed`;
  }
  const place = rest[0] === "datasets" && rest.length > 2 ? rest.slice(2) : rest;
  return `${place.join(" ")} of the dataset was ${valueText(before)} and is ${valueText(now)}`;
}

function modelText(name: string, before: Plain | undefined, now: Plain | undefined): string {
  const parts: Readonly<Record<string, string>> = {
    unet: "U-Net",
    vae: "VAE",
    textEncoder: "text encoder",
    textEncoder2: "second text encoder",
  };
  const part = parts[name];
  return part
    ? `the model has another ${part}`
    : `the model's ${name} was ${valueText(before)} and is ${valueText(now)}`;
}

function valueText(value: Plain | undefined): string {
  if (value === undefined || value === null) return "not given";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
