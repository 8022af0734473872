import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { homeFolder, readRegularTextFile } from "../files/index.ts";

/** How to reach the hub, from the environment variables that all programs of Hugging Face obey. */
export interface HubSettings {
  /** The cache that they share. */
  readonly cacheFolder: string;
  /** As given: it may hold a password. */
  readonly endpoint: string;
  /** Never shown. */
  readonly token: string | undefined;
  readonly isOffline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Source: huggingface_hub's constants.py. @throws HUB_CACHE_UNKNOWN for a user without a home */
export async function hubSettings(environment: Environment = process.env): Promise<HubSettings> {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const userHome = homeFolder();
  const folder = (name: string) => value(name)?.replace(/^~(?=$|[/\\])/, userHome ?? "~");
  const caches = folder("XDG_CACHE_HOME") ?? (userHome && path.join(userHome, ".cache"));
  const home = folder("HF_HOME") ?? (caches && path.join(caches, "huggingface"));
  const tokenFile = folder("HF_TOKEN_PATH") ?? (home && path.join(home, "token"));
  const stored = tokenFile ? await storedText(tokenFile, "The token's file") : "";
  const isOn = (name: string) => /^(1|on|yes|true)$/i.test(value(name) ?? "");
  const cache = folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? (home && path.join(home, "hub"));
  if (cache === undefined) throw unknownCache();
  return {
    cacheFolder: path.resolve(cache),
    endpoint: value("HF_ENDPOINT") ?? "https://huggingface.co",
    token: value("HF_TOKEN") ?? value("HUGGING_FACE_HUB_TOKEN") ?? (stored.trim() || undefined),
    isOffline: isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE"),
  };
}

/** A small text of a file; empty for one that is not there or no such. */
export async function storedText(file: string, subject: string): Promise<string> {
  return readRegularTextFile(file, "hubMessage", { code: "FILE_UNREADABLE", subject }).catch(() => "");
}

function unknownCache(): CoinageError {
  return new CoinageError("HUB_CACHE_UNKNOWN", "This user has no home folder, where models of the hub would be kept.", {
    hint: "Set HF_HOME to a folder for them, or give the path of a model.",
  });
}
