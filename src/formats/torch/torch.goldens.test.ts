import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, readJson, readTensors } from "../../../test/goldens.ts";
import type { ByteSource, NdArray, StoredArray } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import {
  isList,
  isMap,
  isPlaceholder,
  isTensor,
  type PickleValue,
  readTorchFile,
  storedTensor,
  type TorchFile,
} from "./index.ts";

interface Case {
  readonly name: string;
  readonly file: string;
  readonly container: "zip" | "legacy";
  readonly outcome: "ok" | "refused";
  readonly category?: string;
  readonly refused_global?: string;
  readonly optional?: boolean;
  readonly may_read?: boolean;
  readonly contents?: Json;
  readonly values?: string;
  readonly tensors?: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const refusals = ["PICKLE_REFUSED", "TORCH_FILE_INVALID"];

describeGoldens("pickles", (folder) => {
  const cases = readJson<readonly Case[]>(folder, "index.json");

  test.each(cases.filter(({ outcome }) => outcome === "ok"))("$name is read", (golden) => {
    const attempt = () => inspect(path.join(folder, golden.file), golden, folder);
    if (!golden.optional) attempt();
    else expectReadOrRefused(attempt);
  });

  test.each(cases.filter(({ outcome }) => outcome === "refused"))("$name is refused", (golden) => {
    const file = path.join(folder, golden.file);
    if (golden.may_read) return expectReadOrRefused(() => inspect(file, golden, folder));
    const error = refusalOf(() => withSource(file, (source) => readTorchFile(source)));
    expect(refusals).toContain(error.code);
    if (golden.refused_global) expect(error.message).toContain(golden.refused_global);
    if (golden.category === "code" && golden.refused_global) expect(error.code).toBe("PICKLE_REFUSED");
  });
});

function expectReadOrRefused(attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof CoinageError)) throw error;
    expect(refusals).toContain(error.code);
  }
}

function refusalOf(attempt: () => unknown): CoinageError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof CoinageError) return error;
    throw error;
  }
  throw new Error("it was read");
}

function inspect(file: string, golden: Case, folder: string): void {
  withSource(file, (source) => {
    const torchFile = readTorchFile(source);
    expect(torchFile.container).toBe(golden.container);
    const seen = new Set<string>();
    const expected = golden.values ? readTensors(folder, golden.values) : new Map<string, NdArray>();
    expectContents(torchFile, source, golden.contents ?? {}, expected, seen);
    expect([...seen].sort()).toEqual([...expected.keys()].sort());
  });
}

/** Checks that all named contents are present; there may be others. */
function expectContents(
  file: TorchFile,
  source: ByteSource,
  contents: Json,
  expected: ReadonlyMap<string, NdArray>,
  seen: Set<string>,
): void {
  const visit = (actual: PickleValue | undefined, wanted: Json): void => {
    if (wanted === null || typeof wanted !== "object") {
      expect(typeof wanted === "number" && typeof actual === "bigint" ? Number(actual) : actual).toEqual(wanted);
    } else if (isArray(wanted)) {
      expect(isList(actual) && actual.length).toBe(wanted.length);
      for (const [i, item] of wanted.entries()) visit((actual as readonly PickleValue[])[i], item);
    } else if (isNote(wanted, "integer")) {
      expect(actual).toBe(BigInt(wanted.integer));
    } else if (isNote(wanted, "tensor")) {
      if (!isTensor(actual)) throw new Error(`${wanted.tensor} is no tensor`);
      const reference = expected.get(wanted.tensor)!;
      expect(actual.dtype.dtype).toBe(reference.dtype);
      expectSameBytes(storedTensor(source, actual, reference.dtype), reference, source);
      seen.add(wanted.tensor);
    } else {
      const map = mapOf(actual);
      for (const [key, item] of Object.entries(wanted))
        visit(map.get(map.has(key) ? key : integerKey(key)) ?? null, item);
    }
  };
  visit(file.value, contents);
}

/** {"tensor": path} and {"integer": text} stand for what JSON cannot hold. */
function isNote<Key extends string>(value: Json, key: Key): value is { readonly [key in Key]: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).join() === key &&
    typeof Object.values(value)[0] === "string"
  );
}

/** Integer keys are strings in JSON. */
function integerKey(key: string): PickleValue {
  return /^-?\d+$/.test(key) ? BigInt(key) : key;
}

function mapOf(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> {
  if (isMap(value)) return value;
  const parameters = isPlaceholder(value) && isMap(value.state) ? value.state.get("_parameters") : undefined;
  if (isMap(parameters)) return parameters;
  return new Map();
}

function expectSameBytes(stored: StoredArray, reference: NdArray, source: ByteSource): void {
  expect(stored.shape).toEqual(reference.shape);
  const { bytes } = stored;
  const actual = bytes instanceof Uint8Array ? bytes : source.read(bytes.offset, bytes.length);
  const { data } = reference;
  expect(Buffer.compare(actual, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))).toBe(0);
}

function withSource<Result>(file: string, use: (source: ByteSource) => Result): Result {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const read = (offset: number, length: number) => {
      if (offset < 0 || offset + length > size) throw new RangeError(`${length} bytes at ${offset} of ${size}`);
      const bytes = new Uint8Array(length);
      readSync(descriptor, bytes, 0, length, offset);
      return bytes;
    };
    return use({ path: file, size, read });
  } finally {
    closeSync(descriptor);
  }
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
