import { CoinageError, nearestName } from "../../errors/index.ts";

/** A Python literal; tuples and lists are arrays. */
type ArgumentValue = number | boolean | string | null | readonly ArgumentValue[];

export type OptimizerArguments = Readonly<Record<string, ArgumentValue>>;

/** Arguments that only select an implementation or verbosity: accepted for every optimizer. */
const withoutEffect = [
  "foreach",
  "fused",
  "capturable",
  "differentiable",
  "log_every",
  "use_triton",
  "is_paged",
  "fsdp_in_use",
];

/** Default values of an optimizer's arguments; their types are the arguments' types. */
type ArgumentDefaults = Readonly<Record<string, number | boolean | readonly number[]>>;

/** A literal's type without the narrowing to its value. */
type Widened<Value> = Value extends boolean
  ? boolean
  : Value extends number
    ? number
    : { readonly [Index in keyof Value]: number };

type Values<Defaults extends ArgumentDefaults> = { readonly [Name in keyof Defaults]: Widened<Defaults[Name]> };

/** An optimizer's arguments: the given ones over the defaults. @throws OPTIMIZER_ARGS for unknown names and values of the wrong type */
export function readArguments<const Defaults extends ArgumentDefaults>(
  given: OptimizerArguments,
  defaults: Defaults,
): Values<Defaults> {
  const values: Record<string, ArgumentValue> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (withoutEffect.includes(name)) continue;
    if (!Object.hasOwn(defaults, name)) throw unknownArgument(name, Object.keys(defaults));
    const standard = defaults[name]!;
    if (!isLike(value, standard)) throw wrongKind(name, value, standard);
    values[name] = typeof standard === "boolean" ? Boolean(value) : value;
  }
  return values as unknown as Values<Defaults>;
}

function isLike(value: ArgumentValue, standard: ArgumentDefaults[string]): boolean {
  if (typeof standard === "boolean") return typeof value === "boolean" || value === 0 || value === 1;
  if (typeof standard === "number") return typeof value === "number";
  return Array.isArray(value) && value.length === standard.length && value.every((item) => typeof item === "number");
}

function unknownArgument(name: string, known: readonly string[]): CoinageError {
  if (name === "lr")
    return new CoinageError("OPTIMIZER_ARGS", "The learning rate is not an optimizer argument.", {
      where: "--optimizer_args lr=...",
      hint: "Give it with --learning_rate.",
    });
  const near = nearestName(name, known);
  return new CoinageError("OPTIMIZER_ARGS", `The optimizer takes no argument "${name}".`, {
    where: `--optimizer_args ${name}=...`,
    hint: `${near ? `Did you mean ${near}? ` : ""}It takes: ${known.join(", ")}.`,
  });
}

function wrongKind(name: string, value: ArgumentValue, standard: ArgumentDefaults[string]): CoinageError {
  return new CoinageError("OPTIMIZER_ARGS", `${formatLiteral(value)} is not a value for "${name}".`, {
    where: `--optimizer_args ${name}=...`,
    hint: `Give a value such as ${name}=${formatLiteral(standard).replace(/[()]/g, "")}`,
  });
}

/** The value in Python's notation, as `print` writes it. */
export function formatLiteral(value: ArgumentValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "number") return formatNumber(value);
  return `(${value.map(formatLiteral).join(", ")}${value.length === 1 ? "," : ""})`;
}

/** Python uses exponents below 1e-4, with two digits. */
function formatNumber(value: number): string {
  if (value === 0 || Math.abs(value) >= 1e-4) return String(value);
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}
