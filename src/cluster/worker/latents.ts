import { CoinageError } from "../../errors/index.ts";
import type { BlobSource } from "../blobs/source.ts";
import type { BlobStore } from "../blobs/store.ts";
import { unpacked } from "../protocol/latents.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { sha256 } from "../protocol/signed.ts";

/** Largest size of the cache. */
const mostBytes = 256 << 20;

/** A run's latents and masks on a worker: an LRU cache in memory. They are never written to disk, since they are the user's pictures. */
export class Latents {
  readonly #blobs: BlobStore;
  #source: BlobSource;
  /** Digest of the packed blob that was fetched. */
  #fetched: string | undefined;
  readonly #cache = new Map<string, Uint8Array>();
  #cachedBytes = 0;

  constructor(blobs: BlobStore, source: BlobSource) {
    this.#blobs = blobs;
    this.#source = source;
  }

  /** Fetches all latents of the run, if it has packed them. Others are fetched when a job names them. */
  async fetchAll({ latents, blobs: source }: Manifest, say: (text: string) => void): Promise<void> {
    this.#source = source;
    if (!latents || this.#fetched === latents.sha256) return;
    try {
      for (const piece of unpacked(await this.#blobs.bytes(latents.sha256, source))) this.#add(sha256(piece), piece);
      this.#fetched = latents.sha256;
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      say(`latents will be fetched one by one: ${error.message}`);
    }
  }

  /** The bytes of one latent or mask. @throws CLUSTER_WEIGHTS */
  async get(digest: string): Promise<Uint8Array> {
    const bytes = this.#cache.get(digest) ?? (await this.#blobs.bytes(digest, this.#source));
    this.#add(digest, bytes);
    return bytes;
  }

  #add(digest: string, bytes: Uint8Array): void {
    this.#cachedBytes += this.#cache.delete(digest) ? 0 : bytes.length;
    this.#cache.set(digest, bytes);
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cachedBytes <= mostBytes) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= length;
    }
  }
}
