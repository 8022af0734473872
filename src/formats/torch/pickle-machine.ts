import { operations } from "./opcodes.ts";
import type { PickleReader } from "./pickle-reader.ts";
import { damaged, refusedPickle } from "./problems.ts";
import type { Budget, PickleGlobal, PickleValue } from "./values.ts";

/** What a pickle stream may ask its surroundings for. */
export interface PickleContext {
  /** The stand-in for a name of Python code. @throws PICKLE_REFUSED */
  readonly resolve: (module: string, name: string) => PickleGlobal;
  /** The thing behind a persistent id: a storage. */
  readonly loadPersistent: (id: PickleValue) => PickleValue;
}

const maxOperations = 4_000_000;
const maxItems = 16_000_000;
const stop = 0x2e;

/** The stack machine that a pickle is a program for. It builds data only: nothing that a stream names is ever called but the stand-ins of `resolve`. */
export class PickleMachine implements Budget {
  readonly reader: PickleReader;
  readonly context: PickleContext;
  readonly memo = new Map<number, PickleValue>();
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  #items = 0;

  constructor(reader: PickleReader, context: PickleContext) {
    this.reader = reader;
    this.context = context;
  }

  /** Runs up to STOP and gives the object. @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
  run(): PickleValue {
    for (let count = 0; count < maxOperations; count++) {
      const code = this.reader.uint8();
      if (code === stop) return this.pop();
      const operation = operations.get(code);
      if (!operation)
        throw refusedPickle(`it uses the operation 0x${code.toString(16)}, which no file of weights needs`);
      operation(this);
    }
    throw damaged("its pickle has millions of operations");
  }

  spend(items: number): void {
    this.#items += items;
    if (this.#items > maxItems) throw damaged("its pickle unfolds to millions of items");
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
