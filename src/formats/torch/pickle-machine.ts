import type { Budget } from "../../budget/index.ts";
import type { PickleReader } from "./pickle-reader.ts";
import { damaged } from "./problems.ts";
import { collectionSteps, type PickleGlobal, type PickleValue } from "./values.ts";

/** What the machine needs from the file around the pickle. */
export interface PickleContext {
  /** The replacement for a name of Python code. @throws PICKLE_REFUSED */
  readonly resolve: (module: string, name: string) => PickleGlobal;
  /** The storage that a persistent id refers to. */
  readonly loadPersistent: (id: PickleValue) => PickleValue;
}

/** The stack machine that runs a pickle. It builds data only: of the names in a stream, only the replacements of `resolve` are ever called. */
export class PickleMachine {
  readonly reader: PickleReader;
  readonly context: PickleContext;
  readonly budget: Budget;
  readonly memo = new Map<number, PickleValue>();
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];

  constructor(reader: PickleReader, context: PickleContext, budget: Budget) {
    this.reader = reader;
    this.context = context;
    this.budget = budget;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged("its pickle takes from an empty stack");
    return this.#stack.pop()!;
  }

  top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged("its pickle looks at an empty stack");
    return this.#stack.at(-1)!;
  }

  /** Stores a value in the memo. */
  memorize(slot: number): void {
    this.budget.spend(collectionSteps.slot);
    this.memo.set(slot, this.top());
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Pops everything above the last mark, and the mark. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw damaged("its pickle lacks a mark");
    return this.#stack.splice(mark);
  }

  /** POP removes the last value or, directly above a mark, the mark. */
  discard(): void {
    if (this.#stack.length === this.#marks.at(-1)) this.#marks.pop();
    else this.pop();
  }
}
