import { type OptimizerSettings, optimizerName, ruleFactory } from "./names.ts";
import { type Optimizer, optimizerOf, type TableShape } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Where an optimizer's learning rate comes from: the chosen schedule, Adafactor itself (the given rate stands only until its first step),
 *  or the given rate throughout. */
export type LearningRateSource = "schedule" | "adafactor" | "constant";

export interface OptimizerChoice {
  readonly name: string;
  /** The arguments as they were understood, those that sd-scripts adds by itself included. */
  readonly args: PythonArguments;
  readonly learningRate: LearningRateSource;
}

/** What the settings choose, before it is built. @throws OPTIMIZER_UNKNOWN */
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

export interface AdvisedSettings {
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly lrScheduler: string;
}

/** What sd-scripts warns of: settings that go badly with the optimizer. */
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
