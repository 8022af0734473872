import { limits, requireWithin } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type Hub, shownText } from "./access.ts";
import { oddAnswer } from "./problems.ts";
import { hubFetch, readRemoteFile } from "./requests.ts";

export interface RemoteFile {
  /** Path in the model, with /. */
  readonly path: string;
  readonly bytes: number;
  /** The cache's name for the contents: SHA-256 for large files, git's hash for others. */
  readonly content: string;
}

/** A model on the hub at one commit. */
interface RemoteModel {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
  /** The bytes of a file from an offset on. */
  readonly read: (file: RemoteFile, from: number) => AsyncGenerator<Uint8Array>;
}

/** Asks the hub for a model's files. @throws HUB_OFFLINE, HUB_NOT_FOUND, HUB_DENIED, HUB_FAILED */
export async function openRemoteModel(hub: Hub, revision: string): Promise<RemoteModel> {
  // Imported only when needed.
  const { modelInfo, listFiles } = await import("@huggingface/hub");
  const { id, access } = hub;
  // No token: our fetch sends it only to the hub's origin.
  const common = { hubUrl: access.url, fetch: hubFetch(hub) };
  return understanding(hub, async () => {
    const { sha } = await modelInfo({ ...common, name: id.name, revision, additionalFields: ["sha"] });
    if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) throw oddAnswer(hub, "it names no commit");
    const repo = { type: "model", name: id.name } as const;
    const files: RemoteFile[] = [];
    for await (const entry of listFiles({ ...common, repo, revision: sha, recursive: true })) {
      const file = listedFile(hub, entry);
      if (file) files.push(file);
    }
    return { commit: sha, files, read: (file, from) => readRemoteFile(hub, addressOf(hub, sha, file), from) };
  });
}

/** Runs a request of the hub's library; an answer that it cannot read is the hub's fault. */
async function understanding<Result>(hub: Hub, request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof CoinageError) throw error;
    const isText = error instanceof SyntaxError;
    throw oddAnswer(
      hub,
      isText ? `it is not JSON (${shownText(error.message, hub.access)})` : "it has an unknown shape",
    );
  }
}

function addressOf({ id, access }: Hub, commit: string, { path }: RemoteFile): string {
  return `${access.url}/${id.name}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** A file in the hub's list; undefined for other entries. @throws HUB_FAILED */
function listedFile(hub: Hub, entry: unknown): RemoteFile | undefined {
  const { type, path, size, oid, lfs } = record(entry);
  if (type === "directory") return undefined;
  const content = record(lfs).oid ?? oid;
  const isKnown = typeof path === "string" && isInside(path) && typeof size === "number" && isHash(content);
  if (isKnown && Number.isSafeInteger(size) && size >= 0) return { path, bytes: size, content };
  throw oddAnswer(hub, `it lists the file ${shownText(JSON.stringify(path ?? entry), hub.access)}`);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value);
}

/** Whether a relative path stays inside its folder, on every system. */
function isInside(path: string): boolean {
  return !/[\\:\p{Cc}]/u.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** Checks that a file can be downloaded, before any download. @throws HUB_FAILED */
export function requireFetchable({ access }: Hub, { path, bytes }: RemoteFile): void {
  const refusal = { code: "HUB_FAILED", subject: `${shownText(path, access)} on ${access.url}` } as const;
  requireWithin("hubFile", bytes, refusal);
  for (const part of path.split("/")) requireWithin("hubName", Buffer.byteLength(part), refusal);
}

export const usualPatienceMs = limits.hubSilence.max;
