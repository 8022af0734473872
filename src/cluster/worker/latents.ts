import { CoinageError } from "../../errors/index.ts";
import type { BlobSource } from "../blobs/source.ts";
import type { BlobStore } from "../blobs/store.ts";
import { unpacked } from "../protocol/latents.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { sha256 } from "../protocol/signed.ts";

/** Most bytes of latents that are kept. */
const keptBytes = 256 << 20;

/** The latents and masks of a run on a worker: in memory alone, for they are pictures. Those that were used last are kept. */
export class Latents {
  readonly #blobs: BlobStore;
  #source: BlobSource;
  /** Digest of the blob that was fetched. */
  #fetched: string | undefined;
  readonly #kept = new Map<string, Uint8Array>();
  #keptBytes = 0;

  constructor(blobs: BlobStore, source: BlobSource) {
    this.#blobs = blobs;
    this.#source = source;
  }

  /** Fetches what the run has as one blob. What cannot be had so is fetched when a job names it. */
  async fetchAll({ latents, blobs: source }: Manifest, report: (text: string) => void): Promise<void> {
    this.#source = source;
    if (!latents || this.#fetched === latents.sha256) return;
    try {
      for (const piece of unpacked(await this.#blobs.bytes(latents.sha256, source))) this.#keep(sha256(piece), piece);
      this.#fetched = latents.sha256;
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      report(`latents are fetched one by one: ${error.message}`);
    }
  }

  /** @throws CLUSTER_WEIGHTS */
  async get(digest: string): Promise<Uint8Array> {
    const bytes = this.#kept.get(digest) ?? (await this.#blobs.bytes(digest, this.#source));
    this.#keep(digest, bytes);
    return bytes;
  }

  #keep(digest: string, bytes: Uint8Array): void {
    this.#keptBytes += this.#kept.delete(digest) ? 0 : bytes.length;
    this.#kept.set(digest, bytes);
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= keptBytes) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}
