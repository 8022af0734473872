export {
  chooseOptimizer,
  createOptimizer,
  directionOptimizer,
  type OptimizerChoice,
  optimizerWarnings,
} from "./choose.ts";
export type { Optimizer, OptimizerState, TableShape } from "./optimizer.ts";
export { hasRateSizedSteps, takesAngle, turningByAngle } from "./step-angle.ts";
