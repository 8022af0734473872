import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { cachesFolder, type Environment, folderIn, readRegularTextFile } from "../files/index.ts";
import { type ModelId, withoutLogin } from "./model-id.ts";

/** How to reach the hub, from the environment variables of Hugging Face's programs. */
export interface HubSettings {
  /** The cache that all these programs share. */
  readonly cacheFolder: string;
  /** The address as given: it may contain a password. */
  readonly endpoint: string;
  /** Never shown. */
  readonly token: string | undefined;
  readonly isOffline: boolean;
}

/** Source: huggingface_hub's constants.py. @throws HUB_CACHE_UNKNOWN for a user without a home */
export async function hubSettings(environment: Environment = process.env): Promise<HubSettings> {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const folder = (name: string) => folderIn(environment, name);
  const caches = cachesFolder(environment);
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

function unknownCache(): CoinageError {
  return new CoinageError("HUB_CACHE_UNKNOWN", "This user has no home folder in which to keep models of the hub.", {
    hint: "Set HF_HOME to a folder for them, or give the path of a model.",
  });
}

/** A short text from a file; empty if it is missing, too long or unreadable. */
export async function storedText(file: string, subject: string): Promise<string> {
  return readRegularTextFile(file, "hubMessage", { code: "FILE_UNREADABLE", subject }).catch(() => "");
}

/** The hub's address, and the secrets that only it may see. */
interface HubAccess {
  /** Address of the hub without user and password: safe to show. */
  readonly url: string;
  readonly origin: string;
  /** Header for requests to this origin, and to no other. */
  readonly authorization: string | undefined;
  /** Texts that must not appear in messages. */
  readonly secrets: readonly string[];
}

/** Reads address and token. A user and password in the address take precedence over the token. @throws HUB_ADDRESS, HUB_DENIED for a malformed token */
export function hubAccess({ endpoint, token }: Pick<HubSettings, "endpoint" | "token">): HubAccess {
  const address = readAddress(endpoint);
  const login = [address.username, address.password].map(decoded);
  const common = { url: withoutLogin(address), origin: address.origin };
  if (login.some((text) => text !== "")) {
    const basic = Buffer.from(login.join(":")).toString("base64");
    const secrets = [address.password, login[1]!, basic].filter((text) => text !== "");
    return { ...common, authorization: `Basic ${basic}`, secrets };
  }
  if (token === undefined) return { ...common, authorization: undefined, secrets: [] };
  // a header accepts nothing else, and the error about it would show the token
  if (!/^hf_[!-~]+$/.test(token)) throw malformedToken();
  return { ...common, authorization: `Bearer ${token}`, secrets: [token] };
}

/** An invalid address is not shown: it may contain a password. */
function readAddress(endpoint: string): URL {
  const address = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isUsable = address && /^https?:$/.test(address.protocol) && address.search === "" && address.hash === "";
  if (isUsable) return address;
  throw new CoinageError("HUB_ADDRESS", "HF_ENDPOINT is not the address of a server.", {
    hint: "Write it as https://host or https://host/path, or unset it for https://huggingface.co.",
  });
}

function malformedToken(): CoinageError {
  return new CoinageError(
    "HUB_DENIED",
    "The access token for the hub is malformed: tokens begin with hf_ and are one word of letters and digits.",
    { hint: "Set HF_TOKEN to a token from https://huggingface.co/settings/tokens, or unset it for public models." },
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The hub, for requests about one model. */
export interface Hub {
  readonly id: ModelId;
  readonly access: HubAccess;
  readonly cacheFolder: string;
  /** How long it may send nothing, or almost nothing. */
  readonly patienceMs: number;
}

/** A secret and all its parts of `recognizable` characters, by which a cut secret is found. */
function partsOf(secret: string): string[] {
  const count = Math.max(0, secret.length - recognizable + 1);
  return [secret, ...Array.from({ length: count }, (_, start) => secret.slice(start, start + recognizable))];
}

const recognizable = 8;

/** A server's text for a message: short, on one line, without secrets. */
export function shownText(text: string, { secrets }: Pick<HubAccess, "secrets">): string {
  const masked = secrets.flatMap(partsOf).reduce((rest, part) => rest.replaceAll(part, "***"), text);
  const line = masked
    .replace(/\bhf_\w{4,}/g, "hf_***")
    .replace(/[\p{C}\s]+/gu, " ")
    .trim();
  return line.length <= 200 ? line : `${line.slice(0, 197)}...`;
}
