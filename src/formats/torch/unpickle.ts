import type { Budget } from "../../budget/index.ts";
import { buildInto, construct } from "./objects.ts";
import { type Opcode, opcodes } from "./opcodes.ts";
import { type PickleContext, PickleMachine } from "./pickle-machine.ts";
import type { PickleReader } from "./pickle-reader.ts";
import { damaged, refusedPickle } from "./problems.ts";
import { collectionSteps, isPlaceholder, type PickleValue } from "./values.ts";

type Operation = (machine: PickleMachine) => void;

const highestProtocol = 5;

/** The operation of each opcode; an opcode not listed is refused. Source: Python, Lib/pickle.py, `_Unpickler`. */
const operations: Readonly<Record<Exclude<Opcode, "STOP">, Operation>> = {
  // the stream
  PROTO: ({ reader }) => checkProtocol(reader.uint8()),
  FRAME: ({ reader }) => checkFrame(reader.uint64(), reader.bytesLeft),
  // constants
  NONE: (machine) => machine.push(null),
  NEWTRUE: (machine) => machine.push(true),
  NEWFALSE: (machine) => machine.push(false),
  BININT: (machine) => machine.push(BigInt(machine.reader.int32())),
  BININT1: (machine) => machine.push(BigInt(machine.reader.uint8())),
  BININT2: (machine) => machine.push(BigInt(machine.reader.uint16())),
  LONG1: (machine) => machine.push(machine.reader.integer(machine.reader.uint8())),
  LONG4: (machine) => machine.push(machine.reader.integer(machine.reader.int32())),
  BINFLOAT: (machine) => machine.push(machine.reader.float64()),
  BINUNICODE: (machine) => machine.push(machine.reader.text(machine.reader.uint32())),
  SHORT_BINUNICODE: (machine) => machine.push(machine.reader.text(machine.reader.uint8())),
  BINUNICODE8: (machine) => machine.push(machine.reader.text(machine.reader.uint64())),
  SHORT_BINSTRING: (machine) => machine.push(machine.reader.byteText(machine.reader.uint8())),
  BINSTRING: (machine) => machine.push(machine.reader.byteText(machine.reader.int32())),
  SHORT_BINBYTES: (machine) => pushBytes(machine, machine.reader.uint8()),
  BINBYTES: (machine) => pushBytes(machine, machine.reader.uint32()),
  BINBYTES8: (machine) => pushBytes(machine, machine.reader.uint64()),
  BYTEARRAY8: (machine) => pushBytes(machine, machine.reader.uint64()),
  // containers
  EMPTY_DICT: (machine) => pushMap(machine, []),
  EMPTY_LIST: (machine) => pushList(machine, []),
  EMPTY_SET: (machine) => pushSet(machine, []),
  EMPTY_TUPLE: (machine) => pushTuple(machine, []),
  TUPLE1: (machine) => pushTuple(machine, [machine.pop()]),
  TUPLE2: (machine) => pushTuple(machine, [machine.pop(), machine.pop()].reverse()),
  TUPLE3: (machine) => pushTuple(machine, [machine.pop(), machine.pop(), machine.pop()].reverse()),
  TUPLE: (machine) => pushTuple(machine, machine.popToMark()),
  LIST: (machine) => pushList(machine, machine.popToMark()),
  DICT: (machine) => pushMap(machine, machine.popToMark()),
  FROZENSET: (machine) => pushSet(machine, machine.popToMark()),
  APPEND: (machine) => append(machine, [machine.pop()]),
  APPENDS: (machine) => append(machine, machine.popToMark()),
  SETITEM: (machine) => setItems(machine, [machine.pop(), machine.pop()].reverse()),
  SETITEMS: (machine) => setItems(machine, machine.popToMark()),
  ADDITEMS: (machine) => addItems(machine, machine.popToMark()),
  // stack and memo
  MARK: (machine) => machine.mark(),
  POP: (machine) => machine.discard(),
  POP_MARK: (machine) => machine.popToMark(),
  DUP: (machine) => machine.push(machine.top()),
  BINPUT: (machine) => machine.memorize(machine.reader.uint8()),
  LONG_BINPUT: (machine) => machine.memorize(machine.reader.uint32()),
  MEMOIZE: (machine) => machine.memorize(machine.memo.size),
  BINGET: (machine) => machine.push(recall(machine, machine.reader.uint8())),
  LONG_BINGET: (machine) => machine.push(recall(machine, machine.reader.uint32())),
  // names of code, and objects made with them
  GLOBAL: (machine) => pushGlobal(machine, machine.reader.line(), machine.reader.line()),
  STACK_GLOBAL: (machine) => pushGlobalOfStack(machine),
  REDUCE: (machine) => machine.push(constructFromStack(machine)),
  NEWOBJ: (machine) => machine.push(constructFromStack(machine)),
  BUILD: (machine) => build(machine, machine.pop()),
  BINPERSID: (machine) => machine.push(machine.context.loadPersistent(machine.pop())),
  INST: (machine) => refuseInstance(machine),
};

const operationOf: ReadonlyMap<number, Operation> = new Map(
  Object.entries(operations).map(([name, operation]) => [opcodes[name as Opcode], operation]),
);

/** Runs a pickle up to STOP and returns the object.
 *  budget: an operation counts as one step, or more if it takes more memory than its own bytes.
 *  @throws TORCH_FILE_INVALID, PICKLE_REFUSED */
export function unpickle(reader: PickleReader, context: PickleContext, budget: Budget): PickleValue {
  const machine = new PickleMachine(reader, context, budget);
  for (;;) {
    budget.spend(1);
    const code = reader.uint8();
    if (code === opcodes.STOP) return machine.pop();
    const operation = operationOf.get(code);
    if (!operation) throw refusedPickle(`it uses the opcode 0x${code.toString(16)}, which no file of weights needs`);
    operation(machine);
  }
}

function checkProtocol(protocol: number): void {
  if (protocol > highestProtocol) throw refusedPickle(`it is of protocol ${protocol}`);
}

function checkFrame(length: number, left: number): void {
  if (length > left) throw damaged(`a frame of ${length} bytes in its pickle, of which ${left} are there`);
}

function pushBytes(machine: PickleMachine, length: number): void {
  machine.budget.spend(collectionSteps.object);
  machine.push(machine.reader.bytes(length));
}

function pushTuple(machine: PickleMachine, values: PickleValue[]): void {
  machine.budget.spend(collectionSteps.list);
  machine.push(Object.freeze(values));
}

function pushList(machine: PickleMachine, values: PickleValue[]): void {
  machine.budget.spend(collectionSteps.list);
  machine.push(values);
}

function pushMap(machine: PickleMachine, items: readonly PickleValue[]): void {
  machine.budget.spend(collectionSteps.map);
  machine.push(new Map());
  setItems(machine, items);
}

function pushSet(machine: PickleMachine, values: readonly PickleValue[]): void {
  machine.budget.spend(collectionSteps.map);
  machine.push(new Set());
  addItems(machine, values);
}

function recall({ memo }: PickleMachine, slot: number): PickleValue {
  const value = memo.get(slot);
  if (value === undefined) throw damaged(`its pickle recalls slot ${slot}, which was never filled`);
  return value;
}

function append(machine: PickleMachine, values: readonly PickleValue[]): void {
  const target = machine.top();
  if (isPlaceholder(target)) return;
  if (!Array.isArray(target) || Object.isFrozen(target))
    throw damaged("its pickle appends to something that is not a list");
  for (const value of values) target.push(value);
}

function addItems(machine: PickleMachine, values: readonly PickleValue[]): void {
  const target = machine.top();
  if (!(target instanceof Set)) throw damaged("its pickle adds to something that is not a set");
  machine.budget.spend(collectionSteps.item * values.length);
  for (const value of values) target.add(hashable(value));
}

/** Puts key, value, key, value ... into the map on top of the stack. */
function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top();
  if (items.length % 2 !== 0) throw damaged("its pickle has a key without a value");
  if (isPlaceholder(target)) return;
  if (!(target instanceof Map)) throw damaged("its pickle sets an item of something that is not a dict");
  machine.budget.spend((collectionSteps.item * items.length) / 2);
  for (let i = 0; i < items.length; i += 2) target.set(hashable(items[i]!), items[i + 1]!);
}

function hashable(key: PickleValue): PickleValue {
  const isOpen = key instanceof Map || key instanceof Set || (Array.isArray(key) && !Object.isFrozen(key));
  if (isOpen) throw damaged("its pickle uses a list or dict as a key");
  return key;
}

function pushGlobal(machine: PickleMachine, module: string, name: string): void {
  machine.budget.spend(collectionSteps.name);
  machine.push(machine.context.resolve(module, name));
}

function pushGlobalOfStack(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof name !== "string" || typeof module !== "string")
    throw damaged("its pickle names code by something other than text");
  pushGlobal(machine, module, name);
}

function constructFromStack(machine: PickleMachine): PickleValue {
  const args = machine.pop();
  const callee = machine.pop();
  return construct(callee, args, machine.budget);
}

function build(machine: PickleMachine, state: PickleValue): void {
  buildInto(machine.top(), state);
}

/** INST names a class and calls it: the name is resolved so that the refusal can state it. */
function refuseInstance({ reader, context }: PickleMachine): never {
  const global = context.resolve(reader.line(), reader.line());
  throw refusedPickle(`it makes an instance of ${global.name} by INST, an opcode of old Python`);
}
