export { chooseOptimizer, createOptimizer, optimizerWarnings } from "./choose.ts";
export type { Optimizer, OptimizerState, TableShape } from "./optimizer.ts";
