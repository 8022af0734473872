import { rowViews } from "../../array/index.ts";
import type { Optimizer, TableShape } from "./optimizer.ts";

/** Optimizers that move every number by about the learning rate each step, whatever the gradient's size: the norm of their steps is known in advance. */
const rateSizedSteps = /^(adamw?|adamw8bit|pagedadamw\w*|adamwschedulefree|lion\w*|pagedlion8bit|nadam|radam|adamax)$/i;

/** Whether an optimizer's learning rate determines the size of its steps. */
export function hasRateSizedSteps(optimizer: string): boolean {
  return rateSizedSteps.test(optimizer);
}

/** Whether an optimizer's learning rate can be an angle. Not for schedule-free ones: they compute gradients at another point than they step from. */
export function takesAngle(optimizer: string): boolean {
  return hasRateSizedSteps(optimizer) && !/schedulefree$/i.test(optimizer);
}

/** An optimizer with rate-sized steps and an angle in radians as learning rate: updates of a row of width d are multiplied by the row's norm / sqrt(d),
 *  so that a step of full size turns each row by about this angle, whatever its norm. */
export function turningByAngle(optimizer: Optimizer, tables: readonly TableShape[]): Optimizer {
  return {
    ...optimizer,
    step(parameters, gradients, angle, frozen) {
      const before = parameters.map((values) => values.slice());
      optimizer.step(parameters, gradients, angle, frozen);
      for (const [table, { columns }] of tables.entries()) {
        const starts = rowViews(before[table]!, columns);
        for (const [row, values] of rowViews(parameters[table]!, columns).entries()) {
          const start = starts[row]!;
          const scale = Math.hypot(...start) / Math.sqrt(columns);
          for (let i = 0; i < columns; i++) values[i] = start[i]! + scale * (values[i]! - start[i]!);
        }
      }
    },
  };
}
