import { createHash } from "node:crypto";
import { bytesOf, elementCount } from "../array/index.ts";
import type { Component } from "./checkpoint.ts";
import { readStoredArray } from "./stored.ts";

/** Tensors that are sampled, and bytes of each: training changes all tensors, so a few tell models apart. */
const [sampledTensors, sampledBytes] = [32, 256];

/** A digest of the names, shapes and dtypes of all tensors and of some of their values: reading gigabytes would take too long. */
export function fingerprint({ tensors }: Component): string {
  const hash = createHash("sha256");
  const names = [...tensors.keys()].sort();
  for (const name of names) {
    const { dtype, shape } = tensors.get(name)!;
    hash.update(`${name} ${dtype} ${shape.join("x")}\n`);
  }
  const stride = Math.ceil(names.length / sampledTensors);
  for (const name of names.filter((_, i) => i % stride === 0)) {
    const { dtype, shape, bytes } = tensors.get(name)!;
    const perElement = bytes.length / Math.max(1, elementCount(shape));
    const count = Math.min(elementCount(shape), sampledBytes / perElement);
    const length = count * perElement;
    const start = bytes instanceof Uint8Array ? bytes.subarray(0, length) : { ...bytes, length };
    const { data } = readStoredArray({ dtype, shape: [count], bytes: start });
    hash.update(bytesOf(data));
  }
  return hash.digest("hex").slice(0, 16);
}
