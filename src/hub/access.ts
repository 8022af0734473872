import { CoinageError } from "../errors/index.ts";
import type { HubSettings } from "./settings.ts";

/** Where the hub is, and what only it may see. */
export interface HubAccess {
  /** Address of the hub without user and password: fit to be shown. */
  readonly url: string;
  readonly origin: string;
  /** Header for requests to this origin, and to no other. */
  readonly authorization: string | undefined;
  /** Texts that no message may hold. */
  readonly secrets: readonly string[];
}

/** Reads address and token. A user and password in the address go before the token. @throws HUB_ADDRESS, HUB_DENIED for a token that is none */
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
  // anything else cannot stand in a header, and the error about it would show it
  if (!/^hf_[!-~]+$/.test(token)) throw malformedToken();
  return { ...common, authorization: `Bearer ${token}`, secrets: [token] };
}

/** The address is never shown where it cannot be read: it may hold a password. */
function readAddress(endpoint: string): URL {
  const address = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isUsable = address && /^https?:$/.test(address.protocol) && address.search === "" && address.hash === "";
  if (isUsable) return address;
  throw new CoinageError("HUB_ADDRESS", "HF_ENDPOINT is not the address of a server.", {
    hint: "Write it as https://host or https://host/path, or unset it for https://huggingface.co.",
  });
}

/** An address of a server without what may not be shown; undefined for one that cannot be read. */
export function shownAddress(endpoint: string): string | undefined {
  return URL.canParse(endpoint) ? withoutLogin(new URL(endpoint)) : undefined;
}

function withoutLogin({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/+$/, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function malformedToken(): CoinageError {
  return new CoinageError(
    "HUB_DENIED",
    "The access token for the hub is none: they begin with hf_ and are one word of letters and digits.",
    { hint: "Set HF_TOKEN to a token from https://huggingface.co/settings/tokens, or unset it for public models." },
  );
}

/** A secret and what is left of it where a message was cut. */
function partsOf(secret: string): string[] {
  const count = Math.max(0, secret.length - recognizable + 1);
  return [secret, ...Array.from({ length: count }, (_, start) => secret.slice(start, start + recognizable))];
}

const recognizable = 8;

/** Text of a server as it may stand in a message: short, on one line, without secrets. */
export function shownText(text: string, { secrets }: Pick<HubAccess, "secrets">): string {
  const masked = secrets.flatMap(partsOf).reduce((rest, part) => rest.replaceAll(part, "***"), text);
  const line = masked
    .replace(/\bhf_\w{4,}/g, "hf_***")
    .replace(/[\p{C}\s]+/gu, " ")
    .trim();
  return line.length <= 200 ? line : `${line.slice(0, 197)}...`;
}
