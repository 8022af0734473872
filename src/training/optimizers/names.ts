import { CoinageError, nearestName } from "../../errors/index.ts";
import { adafactor } from "./adafactor.ts";
import { adam, adamax, adamW, nadam, radam } from "./adam.ts";
import {
  dAdaptAdaGrad,
  dAdaptAdam,
  dAdaptAdamPreprint,
  dAdaptAdan,
  dAdaptAdanIp,
  dAdaptLion,
  dAdaptSgd,
} from "./d-adaptation.ts";
import { adamW8bit, lion8bit, sgdNesterov8bit } from "./eight-bit.ts";
import { lion } from "./lion.ts";
import type { UpdateRule } from "./optimizer.ts";
import { prodigy } from "./prodigy.ts";
import type { PythonArguments } from "./python-literal.ts";
import { adamWScheduleFree, radamScheduleFree, sgdScheduleFree } from "./schedule-free.ts";
import { adadelta, adagrad, asgd, rmsprop, rprop, sgd, sgdNesterov } from "./torch-optim.ts";

export type RuleFactory = (given: PythonArguments) => UpdateRule;

/** sd-scripts' own names, in lower case: it matches them in any. "Paged" differs only in where the state lives. */
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

/** Classes of torch.optim, whose names keep their case. */
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

/** Every name that --optimizer_type takes. */
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

export interface OptimizerSettings {
  /** --optimizer_type; empty for AdamW. */
  readonly optimizerType?: string | undefined;
  readonly use8bitAdam?: boolean | undefined;
  readonly useLionOptimizer?: boolean | undefined;
  /** Parsed --optimizer_args. */
  readonly optimizerArgs?: PythonArguments | undefined;
}

/** The name meant by the settings: one of `optimizerNames`, but in the user's spelling. */
export function optimizerName({ optimizerType, use8bitAdam, useLionOptimizer }: OptimizerSettings): string {
  if (use8bitAdam) return "AdamW8bit";
  if (useLionOptimizer) return "Lion";
  return optimizerType || "AdamW";
}

/** @throws OPTIMIZER_UNKNOWN */
export function ruleFactory(name: string): RuleFactory {
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
