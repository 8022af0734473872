export type { OptimizerArguments } from "./arguments.ts";
export {
  type AdvisedSettings,
  chooseOptimizer,
  createOptimizer,
  type LearningRateSource,
  type OptimizerChoice,
  type OptimizerSettings,
  optimizerNames,
  optimizerWarnings,
} from "./choose.ts";
export type { FrozenGradients, Optimizer, OptimizerState, TableShape } from "./optimizer.ts";
