import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

/** How to reach the hub, from the environment variables that all programs of Hugging Face obey. */
export interface HubSettings {
  /** The cache that they share. */
  readonly cacheFolder: string;
  readonly endpoint: string;
  /** Never shown. */
  readonly token: string | undefined;
  readonly isOffline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Source: huggingface_hub's constants.py. */
export async function hubSettings(environment: Environment = process.env): Promise<HubSettings> {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const folder = (name: string) => value(name)?.replace(/^~(?=$|[/\\])/, homedir());
  const caches = folder("XDG_CACHE_HOME") ?? path.join(homedir(), ".cache");
  const home = folder("HF_HOME") ?? path.join(caches, "huggingface");
  const tokenFile = folder("HF_TOKEN_PATH") ?? path.join(home, "token");
  const stored = await readFile(tokenFile, "utf8").catch(() => "");
  const isOn = (name: string) => /^(1|on|yes|true)$/i.test(value(name) ?? "");
  return {
    cacheFolder: path.resolve(folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? path.join(home, "hub")),
    endpoint: (value("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, ""),
    token: value("HF_TOKEN") ?? value("HUGGING_FACE_HUB_TOKEN") ?? (stored.trim() || undefined),
    isOffline: isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE"),
  };
}
