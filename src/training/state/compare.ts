import { CoinageError } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { Warning } from "../warnings.ts";
import type { FoundState } from "./files.ts";
import { type Environment, environmentOf, type Plain, type RunIdentity } from "./identity.ts";

/** Warnings about resuming from a state. @throws STATE_MISMATCH if it belongs to another run */
export async function resumeWarnings(
  found: FoundState,
  identity: RunIdentity,
  settings: TrainSettings,
  steps: number,
): Promise<Warning[]> {
  const { resume = "", initialEpoch, initialStep } = settings;
  if (found.kind === "foreign") {
    const message = `${resume} is a state of sd-scripts. Only PyTorch can read its optimizer and random numbers, so a new run starts from its vectors.`;
    return [{ code: "RESUME_FOREIGN", message }];
  }
  const { state } = found;
  checkIdentity(state.identity, identity, resume);
  const changes = environmentChanges(state.environment, await environmentOf(settings, steps));
  if (state.progress.step >= steps)
    changes.push(
      `The run is already at its end, after step ${state.progress.step}: --max_train_steps says how far it goes.`,
    );
  const warnings = changes.map((message) => ({ code: "RESUME", message }));
  if (initialEpoch === undefined && initialStep === undefined) return warnings;
  const message = "--initial_step and --initial_epoch have no effect with --resume: the state knows where the run is.";
  return [...warnings, { code: "RESUME_START", message }];
}

/** A value that differs from the state's; undefined: missing. */
interface Difference {
  /** Keys that lead to the value. */
  readonly path: readonly string[];
  readonly before: Plain | undefined;
  readonly now: Plain | undefined;
}

/** Refuses a state with another model, dataset or settings: the numbers would be neither the old run's nor a new one's.
 *  @throws STATE_MISMATCH naming what differs */
export function checkIdentity(before: RunIdentity, now: RunIdentity, folder: string): void {
  const found = differences({ ...before }, { ...now });
  if (found.length === 0) return;
  const shown = found.slice(0, 5).map(differenceText);
  if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`);
  throw new CoinageError("STATE_MISMATCH", `This state belongs to another run: ${shown.join("; ")}.`, {
    where: `--resume ${folder}`,
    hint: "Resume with the settings and images it was made with. To continue with the vectors alone, give the embedding file saved beside it to --weights.",
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

/** Whether to compare a value part by part; lists of plain values are compared and shown whole. */
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
    if (before === undefined) return `the image ${name} is new`;
    return now === undefined ? `the image ${name} is gone` : `the image ${name} or its caption has changed`;
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
    ? `the model has a different ${part}`
    : `the model's ${name} was ${valueText(before)} and is ${valueText(now)}`;
}

function valueText(value: Plain | undefined): string {
  if (value === undefined || value === null) return "not given";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Messages about an environment that differs from the state's. */
export function environmentChanges(then: Environment, now: Environment): string[] {
  const machine = (["program", "device", "threads", "processor", "gradientCheckpointing", "lowram"] as const)
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name} ${then[name]} then, ${now[name]} now`);
  const changes: string[] = [];
  if (machine.length > 0)
    changes.push(
      `The state was made in another environment (${machine.join("; ")}): the last digits of all numbers may differ from here on.`,
    );
  if (then.steps !== now.steps)
    changes.push(
      `The run now goes to step ${now.steps}, not to step ${then.steps} as when the state was made. Learning rate schedules with an end follow the new length.`,
    );
  if (then.startedFrom !== now.startedFrom)
    changes.push(
      `The vectors come from the state, so ${now.startedFrom} has no effect (the run began with ${then.startedFrom}).`,
    );
  return changes;
}
