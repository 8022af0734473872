export {
  type AdvisedSettings,
  chooseOptimizer,
  createOptimizer,
  type LearningRateSource,
  type OptimizerChoice,
  optimizerWarnings,
} from "./create.ts";
export { type OptimizerSettings, optimizerNames } from "./names.ts";
export type { FrozenGradients, Optimizer, OptimizerState, TableShape } from "./optimizer.ts";
export { formatLiteral, type PythonArguments, type PythonValue, parseArguments } from "./python-literal.ts";
