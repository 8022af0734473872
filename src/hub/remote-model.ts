import type { Blob } from "node:buffer";
import { CoinageError } from "../errors/index.ts";
import type { ModelId } from "./model-id.ts";
import { malformedToken, oddAnswer, requestProblem } from "./problems.ts";
import type { HubSettings } from "./settings.ts";

export interface RemoteFile {
  /** Below the model, with /. */
  readonly path: string;
  readonly bytes: number;
  /** What the cache calls its contents: SHA-256 for large files, git's hash for others. */
  readonly content: string;
}

/** A model as the hub has it at one commit. */
export interface RemoteModel {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
  /** The bytes of a file, to be read from any place on. */
  readonly open: (file: RemoteFile) => Promise<Blob>;
}

/** Asks the hub what it has of a model. @throws HUB_OFFLINE, HUB_NOT_FOUND, HUB_DENIED, HUB_FAILED */
export async function openRemoteModel(id: ModelId, settings: HubSettings, revision: string): Promise<RemoteModel> {
  const { token, endpoint } = settings;
  if (token !== undefined && !token.startsWith("hf_")) throw malformedToken();
  // Loaded only by those who need it.
  const hub = await import("@huggingface/hub");
  const access = { hubUrl: endpoint, ...(token && { accessToken: token }) };
  const ask = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await request();
    } catch (error) {
      if (error instanceof CoinageError) throw error;
      throw requestProblem(id, settings, error instanceof hub.HubApiError ? error.statusCode : undefined, error);
    }
  };

  const commit = await ask(async () => {
    const { sha } = await hub.modelInfo({ ...access, name: id.name, revision, additionalFields: ["sha"] });
    if (/^[0-9a-f]{40}$/.test(sha)) return sha;
    throw oddAnswer(id, settings, "it names no commit");
  });
  const repo = { type: "model", name: id.name } as const;
  const files = await ask(async () => {
    const found: RemoteFile[] = [];
    for await (const entry of hub.listFiles({ ...access, repo, revision: commit, recursive: true })) {
      const content = entry.lfs?.oid ?? entry.oid ?? "";
      if (entry.type !== "file") continue;
      if (!/^\w+$/.test(content) || !isInside(entry.path))
        throw oddAnswer(id, settings, `it lists the file ${JSON.stringify(entry.path)}`);
      found.push({ path: entry.path, bytes: entry.size, content });
    }
    return found;
  });
  return {
    commit,
    files,
    open: ({ path }) =>
      ask(async () => {
        // Plain requests for ranges, not the hub's own transfer protocol: those can be taken up again anywhere.
        const blob = await hub.downloadFile({ ...access, repo, revision: commit, path, xet: false });
        if (blob) return blob as Blob;
        throw oddAnswer(id, settings, `it lists ${path} and does not have it`);
      }),
  };
}

/** Whether a path stays below the folder it is joined to. */
function isInside(path: string): boolean {
  return !/^[/\\]|\\|:|\0/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
