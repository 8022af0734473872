import type { Budget } from "../../budget/index.ts";
import { operations } from "./opcodes.ts";
import type { PickleReader } from "./pickle-reader.ts";
import { damaged, refusedPickle } from "./problems.ts";
import { collectionSteps, type PickleGlobal, type PickleValue } from "./values.ts";

/** What a pickle stream may ask its surroundings for. */
export interface PickleContext {
  /** The stand-in for a name of Python code. @throws PICKLE_REFUSED */
  readonly resolve: (module: string, name: string) => PickleGlobal;
  /** The thing behind a persistent id: a storage. */
  readonly loadPersistent: (id: PickleValue) => PickleValue;
}

const stop = 0x2e;

/** The stack machine that a pickle is a program for. It builds data only: nothing that a stream names is ever called but the stand-ins of `resolve`. */
export class PickleMachine {
  readonly reader: PickleReader;
  readonly context: PickleContext;
  readonly budget: Budget;
  readonly memo = new Map<number, PickleValue>();
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];

  /** budget: counts an operation as a step, and as more what takes more memory than an operation has bytes. */
  constructor(reader: PickleReader, context: PickleContext, budget: Budget) {
    this.reader = reader;
    this.context = context;
    this.budget = budget;
  }

  /** Runs up to STOP and gives the object. @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
  run(): PickleValue {
    for (;;) {
      this.budget.spend(1);
      const code = this.reader.uint8();
      if (code === stop) return this.pop();
      const operation = operations.get(code);
      if (!operation)
        throw refusedPickle(`it uses the operation 0x${code.toString(16)}, which no file of weights needs`);
      operation(this);
    }
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

  /** Puts a value where the stream can recall it. */
  memorize(slot: number): void {
    this.budget.spend(collectionSteps.slot);
    this.memo.set(slot, this.top());
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark, which is taken away with it. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw damaged("its pickle lacks a mark");
    return this.#stack.splice(mark);
  }

  /** POP takes the last value or, directly above a mark, the mark. */
  discard(): void {
    if (this.#stack.length === this.#marks.at(-1)) this.#marks.pop();
    else this.pop();
  }
}
