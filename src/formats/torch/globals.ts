import type { Budget } from "../../budget/index.ts";
import { construct, latin1Bytes, numpyScalar, placeholder } from "./objects.ts";
import { damaged, refusedGlobal, refusedPickle } from "./problems.ts";
import { rebuildParameter, rebuildTensor, rebuildUntypedTensor } from "./tensors.ts";
import {
  collectionSteps,
  isGlobal,
  isList,
  isMap,
  type PickleGlobal,
  type PickleValue,
  storageClassDTypes,
  torchDTypes,
} from "./values.ts";

type Call = (args: readonly PickleValue[], budget: Budget) => PickleValue;

/** The replacement for a name of Python code. The list is closed: any other name is refused before anything is built.
 *  No module is ever imported. Source: PyTorch, torch/_weights_only_unpickler.py, `_get_allowed_globals`. @throws PICKLE_REFUSED with the name */
export function resolveGlobal(module: string, name: string): PickleGlobal {
  const full = `${module}.${name}`;
  const known = knownGlobals.get(`${module}\n${name}`);
  if (known) return known;
  if (isInertName(module, name)) return inert(full);
  throw refusedGlobal(full);
}

/** Modules whose objects accompany weights in old training checkpoints. */
const inertModules = ["pytorch_lightning", "lightning", "lightning_fabric", "omegaconf", "transformers"];

function isInertName(module: string, name: string): boolean {
  if (!/^\w+$/.test(name)) return false;
  if (inertModules.some((known) => module === known || module.startsWith(`${known}.`))) return true;
  if (module === "pathlib" || module === "pathlib._local") return name.endsWith("Path");
  return (module === "argparse" && name === "Namespace") || (module === "typing" && name === "Any");
}

function inert(name: string): PickleGlobal {
  const global: PickleGlobal = { kind: "global", name, call: (args) => placeholder(global, args) };
  return global;
}

function callable(name: string, call: Call): PickleGlobal {
  return { kind: "global", name, call };
}

const rebuilders: Readonly<Record<string, Call>> = {
  _rebuild_tensor: rebuildTensor,
  _rebuild_tensor_v2: rebuildTensor,
  _rebuild_tensor_v3: rebuildUntypedTensor,
  _rebuild_parameter: rebuildParameter,
  _rebuild_parameter_with_state: rebuildParameter,
};

const knownGlobals: ReadonlyMap<string, PickleGlobal> = new Map(
  [...torchGlobals(), ...containerGlobals(), ...numpyGlobals(), ...builtinGlobals()].map((global) => {
    const dot = global.name.lastIndexOf(".");
    return [`${global.name.slice(0, dot)}\n${global.name.slice(dot + 1)}`, global];
  }),
);

function torchGlobals(): PickleGlobal[] {
  const storages = Object.entries(storageClassDTypes).map(([name, dtype]) => ({
    kind: "global" as const,
    name: `torch.${name}`,
    isStorageClass: true,
    dtype: torchDTypes.get(dtype)!,
  }));
  const dtypes = [...torchDTypes].map(([name, dtype]) => ({ kind: "global" as const, name: `torch.${name}`, dtype }));
  return [
    ...storages,
    { kind: "global", name: "torch.storage.UntypedStorage", isStorageClass: true },
    inert("torch.storage.TypedStorage"),
    inert("torch.storage._LegacyStorage"),
    ...dtypes,
    ...Object.entries(rebuilders).map(([name, call]) => callable(`torch._utils.${name}`, call)),
    inert("torch._utils._rebuild_device_tensor_from_numpy"),
    callable("torch._tensor._rebuild_from_type_v2", rebuildFromType),
    callable("torch.nn.parameter.Parameter", rebuildParameter),
    inert("torch.nn.modules.container.ParameterDict"),
    { kind: "global", name: "torch.Tensor" },
    callable("torch.Size", sequence),
    inert("torch.device"),
    inert("torch.serialization._get_layout"),
  ];
}

/** `_rebuild_from_type_v2(rebuild, type, args, state)`: the result of `rebuild`. Only the plain functions, so calls never nest. */
function rebuildFromType([rebuild, , args]: readonly PickleValue[], budget: Budget): PickleValue {
  if (!isGlobal(rebuild) || !rebuild.name.startsWith("torch._utils."))
    throw refusedPickle("it rebuilds a tensor with an unknown function");
  return construct(rebuild, args ?? null, budget);
}

function containerGlobals(): PickleGlobal[] {
  return [
    callable("collections.OrderedDict", mapping),
    callable("collections.Counter", mapping),
    callable("collections.defaultdict", (args, budget) => mapping(args.slice(1), budget)),
    inert("copyreg._reconstructor"),
    inert("copy_reg._reconstructor"),
  ];
}

function numpyGlobals(): PickleGlobal[] {
  return ["numpy", "numpy.core.multiarray", "numpy._core.multiarray"].flatMap((module) => {
    const scalar: PickleGlobal = callable(`${module}.scalar`, (args) => numpyScalar(scalar, args));
    return [scalar, ...["dtype", "ndarray", "_reconstruct"].map((name) => inert(`${module}.${name}`))];
  });
}

function builtinGlobals(): PickleGlobal[] {
  const calls: Readonly<Record<string, Call>> = {
    set: (args, budget) => new Set(items(args, budget)),
    frozenset: (args, budget) => new Set(items(args, budget)),
    list: (args, budget) => items(args, budget),
    tuple: sequence,
    dict: mapping,
  };
  const plain = ["int", "float", "bool", "complex", "bytearray", "slice", "object"];
  return [
    ...["__builtin__", "builtins"].flatMap((module) => [
      ...Object.entries(calls).map(([name, call]) => callable(`${module}.${name}`, call)),
      ...plain.map((name) => inert(`${module}.${name}`)),
    ]),
    callable("_codecs.encode", encode),
  ];
}

/** A dict: empty, from another dict or from pairs. */
function mapping([source]: readonly PickleValue[], budget: Budget): PickleValue {
  budget.spend(collectionSteps.map + (isMap(source) ? collectionSteps.item * source.size : 0));
  if (source === undefined || source === null) return new Map();
  if (isMap(source)) return new Map(source);
  return new Map(items([source], budget).map(pair));
}

function pair(item: PickleValue): [PickleValue, PickleValue] {
  if (!isList(item) || item.length !== 2) throw damaged("a dict made of something other than pairs");
  return [item[0]!, item[1]!];
}

function items([source]: readonly PickleValue[], budget: Budget): PickleValue[] {
  if (source === undefined) return [];
  if (!isList(source) && !(source instanceof Set))
    throw damaged("a collection made of something that is not a collection");
  budget.spend(
    collectionSteps.item * (source instanceof Set ? source.size : (source as readonly PickleValue[]).length),
  );
  return [...(source as Iterable<PickleValue>)];
}

function sequence(args: readonly PickleValue[], budget: Budget): PickleValue {
  return Object.freeze(items(args, budget));
}

/** `encode(text, "latin1")`: how protocol 2 writes bytes. */
function encode([text, codec]: readonly PickleValue[], budget: Budget): PickleValue {
  if (typeof text !== "string" || codec !== "latin1") throw refusedPickle("it encodes text other than as latin1");
  budget.spend(text.length);
  return latin1Bytes(text);
}
