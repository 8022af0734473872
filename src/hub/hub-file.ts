import path from "node:path";
import { isFile } from "../checkpoint/index.ts";
import { type Hub, hubAccess, hubSettings } from "./access.ts";
import { CachedModel } from "./cache.ts";
import { fetchFile, missingBytes } from "./fetch-file.ts";
import { offline } from "./problems.ts";
import { openRemoteModel, requireFetchable, usualPatienceMs } from "./remote-model.ts";

/** A file of a model on the hub, at a commit. */
export interface HubPlace {
  /** "owner/name" */
  readonly name: string;
  readonly commit: string;
  /** Path in the model, with /. */
  readonly file: string;
}

/** The origin on the hub of a file in the shared cache; undefined for any other file. */
export function hubPlaceOf(file: string): HubPlace | undefined {
  const inCache = /[/\\]models--([^/\\]+)--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})[/\\](.+)$/.exec(file);
  if (!inCache) return undefined;
  const [, owner, name, commit, below] = inCache as unknown as [string, string, string, string, string];
  return { name: `${owner}/${name}`, commit, file: below.replaceAll("\\", "/") };
}

/** The path in the shared cache of a file on the hub, downloaded first if it is missing; undefined if the hub's SHA-256 of it, listed only for large files,
 *  is not `sha256`. report: called with the bytes present so far. @throws HUB_ADDRESS, HUB_CACHE_UNKNOWN, HUB_OFFLINE, HUB_NOT_FOUND, HUB_DENIED, HUB_FAILED, OUTPUT_UNWRITABLE */
export async function hubFile(
  { name, commit, file }: HubPlace,
  sha256: string,
  report: (bytes: number) => void,
  patienceMs: number = usualPatienceMs,
): Promise<string | undefined> {
  const id = { name, revision: commit, file };
  const settings = await hubSettings();
  const cached = new CachedModel(settings.cacheFolder, id);
  const place = path.join(cached.snapshotFolder(commit), file);
  if (isFile(place)) return place;
  if (settings.isOffline) throw offline(id, settings);
  const hub: Hub = { id, access: hubAccess(settings), cacheFolder: settings.cacheFolder, patienceMs };
  const { files, read } = await openRemoteModel(hub, commit);
  const found = files.find((candidate) => candidate.path === file && candidate.content === sha256);
  if (!found) return undefined;
  requireFetchable(hub, found);
  const download = { ...found, file: cached.blob(sha256), read: (from: number) => read(found, from) };
  await cached.requireRoom(await missingBytes(download));
  for await (const bytes of fetchFile(download)) report(bytes);
  await cached.link(commit, file, sha256);
  return place;
}
