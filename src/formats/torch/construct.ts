import type { Budget } from "../../budget/index.ts";
import { isNumpyDType, setByteOrder } from "./numpy.ts";
import { damaged, refusedPickle } from "./problems.ts";
import { collectionSteps, isGlobal, isPlaceholder, isTensor, type PickleGlobal, type PickleValue } from "./values.ts";

/** What calling a name with arguments gives: the stand-in's value, never the real thing. @throws PICKLE_REFUSED, TORCH_FILE_INVALID */
export function construct(callee: PickleValue, args: PickleValue, budget: Budget): PickleValue {
  if (!Array.isArray(args)) throw damaged("its pickle calls with something that is no tuple");
  budget.spend(collectionSteps.object);
  if (isPlaceholder(callee)) return placeholder(callee.global, args);
  if (!isGlobal(callee)) throw damaged("its pickle calls something that cannot be called");
  if (!callee.call) throw refusedPickle(`it calls ${callee.name}, which is no function here`);
  return callee.call(args, budget);
}

/** Gives an object its attributes. Only placeholders keep them: on dicts they are notes such as `_metadata`. */
export function buildInto(target: PickleValue, state: PickleValue): void {
  if (isNumpyDType(target)) setByteOrder(target, state);
  else if (isPlaceholder(target)) target.state = state;
  else if (!(target instanceof Map) && !isTensor(target))
    throw damaged("its pickle gives attributes to something that has none");
}

export function placeholder(global: PickleGlobal, args: readonly PickleValue[]): PickleValue {
  return { kind: "object", global, args, state: null };
}
