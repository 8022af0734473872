import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { arrayOf, bytesOf } from "../../array/index.ts";
import type { MicroStepSamples } from "../../training/index.ts";
import { BlobServer } from "../blobs/server.ts";
import { BlobStore } from "../blobs/store.ts";
import { serveLatents } from "../coordinator/served-blobs.ts";
import { packed, unpacked } from "../protocol/latents.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { sha256 } from "../protocol/signed.ts";
import { Latents } from "./latents.ts";

/** Images with so many numbers each, and a mask that all share. */
async function* imagesOf(count: number, numbers: number): AsyncGenerator<MicroStepSamples> {
  for (let i = 0; i < count; i++)
    yield {
      latents: arrayOf([1, numbers], new Float32Array(numbers).fill(i)),
      mask: arrayOf([1, 3], new Float32Array(3).fill(1)),
      tokenIds: [],
      priorLossWeights: [1],
      timeIds: undefined,
    };
}

const digestOf = (value: number, numbers: number) => sha256(bytesOf(new Float32Array(numbers).fill(value)));

/** A worker that notes which digests it asks the coordinator for. */
async function workerOf(server: BlobServer, latents: Manifest["latents"]) {
  const asked: string[] = [];
  class Asking extends BlobStore {
    override bytes(...[digest, source]: Parameters<BlobStore["bytes"]>) {
      asked.push(digest);
      return super.bytes(digest, source);
    }
  }
  const source = { urls: server.urls(true), token: "token" };
  const blobs = new Asking({ folder: path.join(os.tmpdir(), "coinage-no-blobs"), limitBytes: 0, models: [] });
  const worker = new Latents(blobs, source);
  const said: string[] = [];
  const join = () => worker.fetchAll({ blobs: source, latents } as Manifest, (text) => void said.push(text));
  await join();
  return { asked, said, worker, join };
}

async function served() {
  const server = await BlobServer.open("token", "127.0.0.1");
  onTestFinished(() => server.close());
  return server;
}

test("few latents travel as one blob, once, also when the run is taken up again", async () => {
  const server = await served();
  const latents = await serveLatents({ images: () => imagesOf(5, 16) }, server);
  const { asked, worker, join, said } = await workerOf(server, latents);
  await join();
  for (const value of [0, 3, 4])
    expect(await worker.get(digestOf(value, 16))).toEqual(bytesOf(new Float32Array(16).fill(value)));
  await worker.get(digestOf(1, 3));
  expect(asked).toEqual([latents!.sha256]);
  expect(said).toEqual([]);
});

test("a blob that cannot be had costs nothing but a word: latents come one by one", async () => {
  const server = await served();
  const other = { sha256: sha256("not there"), bytes: 9 };
  await serveLatents({ images: () => imagesOf(5, 16) }, server);
  const { worker, said } = await workerOf(server, other);
  expect(said.join()).toContain("one by one");
  expect(await worker.get(digestOf(2, 16))).toEqual(bytesOf(new Float32Array(16).fill(2)));
});

test("more than 32 MB of latents are no blob", async () => {
  const server = { addBytes: () => {} };
  expect(await serveLatents({ images: () => imagesOf(9, 1 << 20) }, server)).toBeUndefined();
  expect((await serveLatents({ images: () => imagesOf(7, 1 << 20) }, server))?.bytes).toBeGreaterThan(28e6);
});

test("bytes that are no pieces are refused", () => {
  const blob = packed([Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5)]);
  expect(unpacked(blob)).toEqual([Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5)]);
  for (const bad of [blob.slice(0, -1), blob.slice(0, 6), Uint8Array.of(), Uint8Array.of(255, 255, 255, 255)])
    expect(() => unpacked(bad)).toThrow(expect.objectContaining({ code: "CLUSTER_PROTOCOL" }));
});
