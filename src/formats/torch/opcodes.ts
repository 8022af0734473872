import { buildInto, construct } from "./construct.ts";
import type { PickleMachine } from "./pickle-machine.ts";
import { damaged, refusedPickle } from "./problems.ts";
import { collectionSteps, isPlaceholder, type PickleValue } from "./values.ts";

type Operation = (machine: PickleMachine) => void;

const highestProtocol = 5;

const framing: readonly (readonly [number, Operation])[] = [
  [0x80, ({ reader }) => checkProtocol(reader.uint8())],
  [0x95, ({ reader }) => checkFrame(reader.uint64(), reader.left)],
];

const constants: readonly (readonly [number, Operation])[] = [
  [0x4e, (machine) => machine.push(null)],
  [0x88, (machine) => machine.push(true)],
  [0x89, (machine) => machine.push(false)],
  [0x4a, (machine) => machine.push(BigInt(machine.reader.int32()))],
  [0x4b, (machine) => machine.push(BigInt(machine.reader.uint8()))],
  [0x4d, (machine) => machine.push(BigInt(machine.reader.uint16()))],
  [0x8a, (machine) => machine.push(machine.reader.integer(machine.reader.uint8()))],
  [0x8b, (machine) => machine.push(machine.reader.integer(machine.reader.int32()))],
  [0x47, (machine) => machine.push(machine.reader.float64())],
  [0x58, (machine) => machine.push(machine.reader.text(machine.reader.uint32()))],
  [0x8c, (machine) => machine.push(machine.reader.text(machine.reader.uint8()))],
  [0x8d, (machine) => machine.push(machine.reader.text(machine.reader.uint64()))],
  [0x55, (machine) => machine.push(machine.reader.byteText(machine.reader.uint8()))],
  [0x54, (machine) => machine.push(machine.reader.byteText(machine.reader.int32()))],
  [0x43, (machine) => pushBytes(machine, machine.reader.uint8())],
  [0x42, (machine) => pushBytes(machine, machine.reader.uint32())],
  [0x8e, (machine) => pushBytes(machine, machine.reader.uint64())],
  [0x96, (machine) => pushBytes(machine, machine.reader.uint64())],
];

const containers: readonly (readonly [number, Operation])[] = [
  [0x7d, (machine) => pushMap(machine, [])],
  [0x5d, (machine) => pushList(machine, [])],
  [0x8f, (machine) => pushSet(machine, [])],
  [0x29, (machine) => pushTuple(machine, [])],
  [0x85, (machine) => pushTuple(machine, [machine.pop()])],
  [0x86, (machine) => pushTuple(machine, [machine.pop(), machine.pop()].reverse())],
  [0x87, (machine) => pushTuple(machine, [machine.pop(), machine.pop(), machine.pop()].reverse())],
  [0x74, (machine) => pushTuple(machine, machine.popToMark())],
  [0x6c, (machine) => pushList(machine, machine.popToMark())],
  [0x64, (machine) => pushMap(machine, machine.popToMark())],
  [0x91, (machine) => pushSet(machine, machine.popToMark())],
  [0x61, (machine) => append(machine, [machine.pop()])],
  [0x65, (machine) => append(machine, machine.popToMark())],
  [0x73, (machine) => setItems(machine, [machine.pop(), machine.pop()].reverse())],
  [0x75, (machine) => setItems(machine, machine.popToMark())],
  [0x90, (machine) => addItems(machine, machine.popToMark())],
];

const stackAndMemo: readonly (readonly [number, Operation])[] = [
  [0x28, (machine) => machine.mark()],
  [0x30, (machine) => machine.discard()],
  [0x31, (machine) => machine.popToMark()],
  [0x32, (machine) => machine.push(machine.top())],
  [0x71, (machine) => machine.memorize(machine.reader.uint8())],
  [0x72, (machine) => machine.memorize(machine.reader.uint32())],
  [0x94, (machine) => machine.memorize(machine.memo.size)],
  [0x68, (machine) => machine.push(recall(machine, machine.reader.uint8()))],
  [0x6a, (machine) => machine.push(recall(machine, machine.reader.uint32()))],
];

const objects: readonly (readonly [number, Operation])[] = [
  [0x63, (machine) => pushGlobal(machine, machine.reader.line(), machine.reader.line())],
  [0x93, (machine) => pushGlobalOfStack(machine)],
  [0x52, (machine) => machine.push(constructFromStack(machine))],
  [0x81, (machine) => machine.push(constructFromStack(machine))],
  [0x62, (machine) => build(machine, machine.pop())],
  [0x51, (machine) => machine.push(machine.context.loadPersistent(machine.pop()))],
  [0x69, (machine) => refuseInstance(machine)],
];

/** What each operation does. Source: checkpoints.md section 7.2; whatever is not here is refused. */
export const operations: ReadonlyMap<number, Operation> = new Map([
  ...framing,
  ...constants,
  ...containers,
  ...stackAndMemo,
  ...objects,
]);

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
    throw damaged("its pickle appends to something that is no list");
  for (const value of values) target.push(value);
}

function addItems(machine: PickleMachine, values: readonly PickleValue[]): void {
  const target = machine.top();
  if (!(target instanceof Set)) throw damaged("its pickle adds to something that is no set");
  machine.budget.spend(collectionSteps.item * values.length);
  for (const value of values) target.add(hashable(value));
}

/** Puts key, value, key, value ... into the map on top of the stack. */
function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top();
  if (items.length % 2 !== 0) throw damaged("its pickle has a key without a value");
  if (isPlaceholder(target)) return;
  if (!(target instanceof Map)) throw damaged("its pickle sets an item of something that is no dict");
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
  if (typeof name !== "string" || typeof module !== "string") throw damaged("its pickle names code by no text");
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

/** INST names a class and calls it: the name is resolved so that the refusal can tell it. */
function refuseInstance({ reader, context }: PickleMachine): never {
  const global = context.resolve(reader.line(), reader.line());
  throw refusedPickle(`it makes an instance of ${global.name} in the manner of old Python`);
}
