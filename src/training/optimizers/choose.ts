import { CoinageError, nearestName } from "../../errors/index.ts";
import { adafactor } from "./adafactor.ts";
import { adam, adamax, adamW, nadam, radam } from "./adam.ts";
import type { OptimizerArguments } from "./arguments.ts";
import {
  dAdaptAdaGrad,
  dAdaptAdam,
  dAdaptAdamPreprint,
  dAdaptAdan,
  dAdaptAdanIp,
  dAdaptLion,
  dAdaptSgd,
} from "./d-adaptation.ts";
import { type DirectionArguments, direction } from "./direction.ts";
import { adamW8bit, lion8bit, sgdNesterov8bit } from "./eight-bit.ts";
import { lion } from "./lion.ts";
import { type Optimizer, optimizerOf, type TableShape, type UpdateRule } from "./optimizer.ts";
import { prodigy } from "./prodigy.ts";
import { adamWScheduleFree, radamScheduleFree, sgdScheduleFree } from "./schedule-free.ts";
import { adadelta, adagrad, asgd, rmsprop, rprop, sgd, sgdNesterov } from "./torch-optim.ts";

type RuleFactory = (given: OptimizerArguments) => UpdateRule;

/** sd-scripts' names, in lower case: it ignores case. "Paged" variants differ only in where the state is stored. */
const ownNames: Readonly<Record<string, RuleFactory>> = {
  adamw: adamW,
  adamw8bit: adamW8bit,
  pagedadamw: adamW,
  pagedadamw32bit: adamW,
  pagedadamw8bit: adamW8bit,
  lion,
  lion8bit,
  pagedlion8bit: lion8bit,
  sgdnesterov: sgdNesterov,
  sgdnesterov8bit: sgdNesterov8bit,
  dadaptation: dAdaptAdamPreprint,
  dadaptadampreprint: dAdaptAdamPreprint,
  dadaptadagrad: dAdaptAdaGrad,
  dadaptadam: dAdaptAdam,
  dadaptadan: dAdaptAdan,
  dadaptadanip: dAdaptAdanIp,
  dadaptlion: dAdaptLion,
  dadaptsgd: dAdaptSgd,
  prodigy,
  adafactor,
  adamwschedulefree: adamWScheduleFree,
  radamschedulefree: radamScheduleFree,
  sgdschedulefree: sgdScheduleFree,
};

/** Classes of torch.optim; their names are case-sensitive. */
const torchNames: Readonly<Record<string, RuleFactory>> = {
  Adadelta: adadelta,
  Adagrad: adagrad,
  Adam: adam,
  Adamax: adamax,
  AdamW: adamW,
  ASGD: asgd,
  NAdam: nadam,
  RAdam: radam,
  RMSprop: rmsprop,
  Rprop: rprop,
  SGD: sgd,
};

/** Values of --optimizer_type. */
export const optimizerNames: readonly string[] = [
  "AdamW",
  "AdamW8bit",
  "PagedAdamW",
  "PagedAdamW8bit",
  "PagedAdamW32bit",
  "Lion",
  "Lion8bit",
  "PagedLion8bit",
  "SGDNesterov",
  "SGDNesterov8bit",
  "DAdaptation",
  "DAdaptAdamPreprint",
  "DAdaptAdaGrad",
  "DAdaptAdam",
  "DAdaptAdan",
  "DAdaptAdanIP",
  "DAdaptLion",
  "DAdaptSGD",
  "Prodigy",
  "AdaFactor",
  "AdamWScheduleFree",
  "RAdamScheduleFree",
  "SGDScheduleFree",
  ...Object.keys(torchNames).filter((name) => name !== "AdamW"),
];

interface OptimizerSettings {
  /** --optimizer_type; empty: AdamW. */
  readonly optimizerType?: string | undefined;
  readonly use8bitAdam?: boolean | undefined;
  readonly useLionOptimizer?: boolean | undefined;
  /** Parsed --optimizer_args. */
  readonly optimizerArgs?: OptimizerArguments | undefined;
}

/** The name that the settings choose: one of `optimizerNames`, in the user's spelling. */
function optimizerName({ optimizerType, use8bitAdam, useLionOptimizer }: OptimizerSettings): string {
  if (use8bitAdam) return "AdamW8bit";
  if (useLionOptimizer) return "Lion";
  return optimizerType || "AdamW";
}

/** @throws OPTIMIZER_UNKNOWN */
function ruleFactory(name: string): RuleFactory {
  const factory = lookUp(ownNames, name.toLowerCase()) ?? lookUp(torchNames, name.replace(/^torch\.optim\./, ""));
  if (factory) return factory;
  const near = nearestName(name, optimizerNames);
  throw new CoinageError("OPTIMIZER_UNKNOWN", `There is no optimizer "${name}".`, {
    where: `--optimizer_type ${name}`,
    hint: `${near ? `Did you mean ${near}? ` : ""}The optimizers are: ${optimizerNames.join(", ")}.`,
  });
}

function lookUp(names: Readonly<Record<string, RuleFactory>>, name: string): RuleFactory | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

/** Source of an optimizer's learning rate: the chosen schedule, Adafactor itself (the given rate counts until its first step),
 *  or the given rate throughout. */
type LearningRateSource = "schedule" | "adafactor" | "constant";

export interface OptimizerChoice {
  readonly name: string;
  /** The arguments, including those that sd-scripts adds. */
  readonly args: OptimizerArguments;
  readonly learningRate: LearningRateSource;
}

/** The optimizer that the settings choose. @throws OPTIMIZER_UNKNOWN */
export function chooseOptimizer(settings: OptimizerSettings): OptimizerChoice {
  const name = optimizerName(settings);
  ruleFactory(name);
  const args = settings.optimizerArgs ?? {};
  const lowerCase = name.toLowerCase();
  if (lowerCase.startsWith("sgdnesterov") && !("momentum" in args))
    return { name, args: { ...args, momentum: 0.9 }, learningRate: "schedule" };
  if (lowerCase === "adafactor") {
    const isRelative = Boolean(args.relative_step ?? true) || Boolean(args.warmup_init);
    return {
      name,
      args: { ...args, relative_step: isRelative },
      learningRate: isRelative ? "adafactor" : "schedule",
    };
  }
  return { name, args, learningRate: lowerCase.endsWith("schedulefree") ? "constant" : "schedule" };
}

/** The chosen optimizer for these tables. @throws OPTIMIZER_UNKNOWN, OPTIMIZER_ARGS */
export function createOptimizer({ name, args }: OptimizerChoice, tables: readonly TableShape[]): Optimizer {
  return optimizerOf(ruleFactory(name)(args), tables);
}

/** The optimizer of --update direction. */
export function directionOptimizer(args: DirectionArguments, tables: readonly TableShape[]): Optimizer {
  return optimizerOf(direction(args), tables);
}

interface AdvisedSettings {
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly lrScheduler: string;
}

/** sd-scripts' warnings about settings that do not suit the optimizer. */
export function optimizerWarnings({ name, args, learningRate }: OptimizerChoice, settings: AdvisedSettings): string[] {
  const lowerCase = name.toLowerCase();
  if (/^(dadapt|prodigy)/.test(lowerCase) && settings.learningRate <= 0.1)
    return [`${name} finds its own step size: a learning rate around 1 is recommended, not ${settings.learningRate}.`];
  if (lowerCase !== "adafactor") return [];
  if (learningRate === "adafactor") {
    const given = settings.learningRate;
    return given === 0 ? [] : [`Adafactor sets its own learning rate (relative_step); ${given} is only the first one.`];
  }
  const warnings: string[] = [];
  if (settings.maxGradNorm !== 0)
    warnings.push("Adafactor with its own clipping goes badly with clipped gradients: set --max_grad_norm 0.");
  if (settings.lrScheduler !== "constant_with_warmup")
    warnings.push("Adafactor without relative_step is meant for --lr_scheduler constant_with_warmup.");
  if ((args.clip_threshold ?? 1) !== 1)
    warnings.push("Adafactor without relative_step is meant for clip_threshold=1.0.");
  return warnings;
}
