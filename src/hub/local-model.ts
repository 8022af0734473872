import { lstat } from "node:fs/promises";
import path from "node:path";
import { type FolderPurpose, filesToOpen, isFile, missingFiles } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { kindOfPath, reasonOf } from "../files/index.ts";
import { type Hub, hubAccess, hubSettings } from "./access.ts";
import { CachedModel, defaultRevision, filesIn } from "./cache.ts";
import { fetchFile, missingBytes } from "./fetch-file.ts";
import { idText, isAddress, type ModelId, parseModelId } from "./model-id.ts";
import { notAnAddress, offline, unclearContents } from "./problems.ts";
import { openRemoteModel, type RemoteFile, requireFetchable, usualPatienceMs } from "./remote-model.ts";

/** Bytes between two events; for large models a two-hundredth of the total. */
const leastStepBytes = 1024 * 1024;

/** Progress of downloading a model's files from the hub. */
export interface DownloadEvent {
  readonly kind: "download";
  /** "owner/name" */
  readonly model: string;
  /** The file being downloaded. */
  readonly file: string;
  /** Bytes of all files needed, including those already in the cache. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** The path of a model or VAE: an existing file or folder, else the model of that name on the Hugging Face hub (`owner/name`,
 *  `owner/name@revision` or the address of its page), from the shared cache; files missing there are downloaded first.
 *  Anything else is returned unchanged.
 *  patienceMs: how long the hub may be silent.
 *  differs from sd-scripts: each run asks the hub for a newer revision of a model in the cache.
 *  coinage: a model that is complete in the cache is used without asking the hub.
 *  because: a run gives the same result again, and works offline.
 *  @throws HUB_ADDRESS, HUB_CACHE_UNKNOWN, HUB_OFFLINE, HUB_NOT_FOUND, HUB_DENIED, HUB_FAILED, OUTPUT_UNWRITABLE */
export async function* localModel(
  target: string,
  purpose: FolderPurpose = "model",
  patienceMs: number = usualPatienceMs,
): AsyncGenerator<DownloadEvent, string> {
  if ((await kindOfPath(target)) !== "nothing") return target;
  await requireLookable(target);
  const id = parseModelId(target, process.env.HF_ENDPOINT);
  if (!id && isAddress(target)) throw notAnAddress(target);
  if (!id) return target;
  const settings = await hubSettings();
  const cached = new CachedModel(settings.cacheFolder, id);
  const snapshot = await cached.snapshot(id.revision);
  const here = snapshot && (await completeCopy(snapshot, id, purpose));
  if (here) return here;
  if (settings.isOffline) throw offline(id, settings);
  const hub: Hub = { id, access: hubAccess(settings), cacheFolder: settings.cacheFolder, patienceMs };
  return yield* fetchModel(hub, purpose, cached);
}

/** Refuses a path that may not be read; for one that does not exist, the hub is asked. @throws FILE_UNREADABLE */
async function requireLookable(target: string): Promise<void> {
  const cause: unknown = await lstat(target).catch((error: unknown) => error);
  if (!["EACCES", "EPERM", "EIO", "ESTALE"].includes(reasonOf(cause))) return;
  throw new CoinageError("FILE_UNREADABLE", `${target} cannot be read (${reasonOf(cause)}).`, {
    hint: "Check the permissions of the folders it lies in.",
    cause,
  });
}

/** What to open in a snapshot of the cache; undefined if anything is missing. */
async function completeCopy(snapshot: string, id: ModelId, purpose: FolderPurpose): Promise<string | undefined> {
  const [single, ...others] = id.file === undefined ? singleFiles(await filesIn(snapshot)) : [id.file];
  if (id.file === undefined && missingFiles(snapshot, purpose).length === 0) return snapshot;
  const file = single !== undefined && others.length === 0 ? path.join(snapshot, single) : undefined;
  return file && isFile(file) ? file : undefined;
}

async function* fetchModel(
  hub: Hub,
  purpose: FolderPurpose,
  cached: CachedModel,
): AsyncGenerator<DownloadEvent, string> {
  const { id } = hub;
  const revision = id.revision ?? defaultRevision;
  const { commit, files, read } = await openRemoteModel(hub, revision);
  const { needed, target } = neededFiles(files, hub, purpose);
  for (const file of needed) requireFetchable(hub, file);
  const totalBytes = needed.reduce((sum, { bytes }) => sum + bytes, 0);
  const missing = needed.map(({ bytes, content }) => missingBytes({ bytes, file: cached.blob(content) }));
  await cached.requireRoom((await Promise.all(missing)).reduce((sum, bytes) => sum + bytes, 0));
  const stepBytes = Math.max(leastStepBytes, totalBytes / 200);
  let earlierBytes = 0;
  for (const file of needed) {
    const event = (doneBytes: number) =>
      ({ kind: "download", model: id.name, file: file.path, doneBytes, totalBytes }) as const;
    let toldBytes = 0;
    const download = { ...file, file: cached.blob(file.content), read: (from: number) => read(file, from) };
    for await (const bytes of fetchFile(download)) {
      if (bytes - toldBytes < stepBytes) continue;
      toldBytes = bytes;
      yield event(earlierBytes + bytes);
    }
    await cached.link(commit, file.path, file.content);
    earlierBytes += file.bytes;
    yield event(earlierBytes);
  }
  await cached.remember(revision, commit);
  return path.join(cached.snapshotFolder(commit), target);
}

/** The files needed to open the model, and which of them to open. */
function neededFiles(files: readonly RemoteFile[], hub: Hub, purpose: FolderPurpose) {
  const { id } = hub;
  const names = files.map((file) => file.path);
  const among = (wanted: readonly string[]) => files.filter((file) => wanted.includes(file.path));
  if (id.file !== undefined) {
    const file = files.find((candidate) => candidate.path === id.file);
    if (file) return { needed: [file], target: id.file };
    throw new CoinageError("HUB_NOT_FOUND", `${idText(id)} has no file ${id.file}.`);
  }
  const inFolder = filesToOpen(names, purpose);
  if (inFolder.length > 0) return { needed: among(inFolder), target: "" };
  const [single, ...others] = singleFiles(names);
  if (single === undefined || others.length > 0) throw unclearContents(hub, singleFiles(names));
  return { needed: among([single]), target: single };
}

/** Files that each hold a whole model or VAE: those at the top. A .safetensors takes precedence over other files of the same name. */
function singleFiles(names: readonly string[]): string[] {
  const tops = names.filter((name) => /^[^/]+\.(safetensors|ckpt|pt|pth)$/.test(name));
  const stems = new Set(tops.filter((name) => name.endsWith(".safetensors")).map((name) => path.parse(name).name));
  return tops.filter((name) => name.endsWith(".safetensors") || !stems.has(path.parse(name).name));
}
