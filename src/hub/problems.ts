import { CoinageError } from "../errors/index.ts";
import { hintOfMissing } from "../files/index.ts";
import { type Hub, type HubSettings, shownText } from "./access.ts";
import { idText, type ModelId } from "./model-id.ts";

/** A request that got no answer. */
export function unreachable(hub: Hub, cause: unknown): CoinageError {
  const reason = reasonOf(hub, cause);
  const isNotHttp = causeOf(cause)?.name === "HTTPParserError" || reason === "UND_ERR_HEADERS_OVERFLOW";
  if (isNotHttp) return oddAnswer(hub, `it is not HTTP (${reason})`);
  const { id, access, cacheFolder } = hub;
  return new CoinageError("HUB_OFFLINE", `${access.url} cannot be reached to fetch ${idText(id)} (${reason}).`, {
    ...hintOfMissing(
      idText(id),
      `It is no file or folder here and not completely in the cache ${cacheFolder}. What was fetched is kept: run it again and it goes on there.`,
    ),
  });
}

/** A connection that ended in the middle of an answer. */
export function brokenConnection(hub: Hub, bytes: number, cause: unknown): CoinageError {
  const what = `The connection to ${hub.access.url} broke after ${bytes} bytes (${reasonOf(hub, cause)}).`;
  return new CoinageError("HUB_OFFLINE", what, { hint: keptHint });
}

/** An answer that does not come on. */
export function stalledAnswer(hub: Hub, bytes: number): CoinageError {
  const { url } = hub.access;
  const what = bytes === 0 ? "does not answer" : `sent ${bytes} bytes and then next to nothing`;
  return new CoinageError("HUB_FAILED", `${url} ${what} for ${hub.patienceMs / 1000} s, asked for ${idText(hub.id)}.`, {
    hint: keptHint,
  });
}

const keptHint = "Try again later. What was fetched is kept, and the next run goes on there.";

/** An answer with a status that is none of success. text: the beginning of what it says. */
export function refusedRequest(hub: Hub, status: number, text: string): CoinageError {
  const { id, access } = hub;
  const { url } = access;
  const model = idText(id);
  if (status === 404)
    return new CoinageError("HUB_NOT_FOUND", `${model} is neither a file or folder here nor a model on ${url}.`, {
      ...hintOfMissing(idText(id), "Check the spelling; a revision is written owner/name@revision."),
    });
  if (status === 401 || status === 403)
    return new CoinageError(
      "HUB_DENIED",
      `${url} does not give out ${model}${access.authorization ? " to the owner of your access token" : " without an access token"}: it is private, asks for an agreement, or does not exist.`,
      { hint: `Agree to its terms at ${url}/${id.name}, and set HF_TOKEN to a token from ${url}/settings/tokens.` },
    );
  const said = shownText(messageIn(text), access);
  return new CoinageError("HUB_FAILED", `${url} answers ${status} when asked for ${model}${said && `: ${said}`}`, {
    hint: "Try again later. What was fetched is kept.",
  });
}

/** The hub tells errors as {"error": text}. */
function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "error" in value) return String(value.error);
  } catch {
    // another server's page
  }
  return text;
}

export function offline(id: ModelId, { cacheFolder }: HubSettings): CoinageError {
  return new CoinageError(
    "HUB_OFFLINE",
    `${idText(id)} is neither a file or folder here nor completely in the cache ${cacheFolder}, and HF_HUB_OFFLINE forbids to fetch it.`,
    hintOfMissing(idText(id), "Unset HF_HUB_OFFLINE once to fetch it, or give the path of a model."),
  );
}

/** An address of the web that is no page of a model. What may be secret in it is not shown. */
export function notAnAddress(text: string): CoinageError {
  const { origin = "", pathname = "" } = URL.canParse(text) ? new URL(text) : {};
  const shown = shownText(origin === "null" ? "" : origin + pathname, { secrets: [] });
  return new CoinageError("HUB_NOT_FOUND", `${shown || "An address"} is no page of a model on the Hugging Face hub.`, {
    hint: "Write it as owner/name or https://huggingface.co/owner/name, or download the file and give its path.",
  });
}

/** A model repository without the files we look for. files: what could be meant. */
export function unclearContents({ id, access }: Hub, files: readonly string[]): CoinageError {
  const addresses = files.slice(0, 20).map((file) => `${access.url}/${id.name}/blob/${id.revision ?? "main"}/${file}`);
  return new CoinageError(
    "HUB_NOT_FOUND",
    `${idText(id)} holds ${files.length === 0 ? "no model" : `${files.length} files of weights and no Diffusers folder`}.`,
    files.length === 0 ? {} : { hint: `Give one of them:\n${addresses.join("\n")}` },
  );
}

/** An answer that cannot be used. what: what it is, of "it". */
export function oddAnswer({ id, access }: Hub, what: string): CoinageError {
  return new CoinageError(
    "HUB_FAILED",
    `${access.url} gives an answer about ${idText(id)} that cannot be used: ${what}.`,
    { hint: "Another server (a proxy, the log-in page of a network) may have answered in its place. Try again later." },
  );
}

/** The parser of HTTP leaves its errors without a code from Node 24 on. */
function reasonOf(hub: Hub, error: unknown): string {
  const inner = causeOf(error);
  const code = inner && "code" in inner ? inner.code : undefined;
  return shownText(String(code ?? inner?.message ?? error), hub.access);
}

/** What lies below `fetch failed`. */
function causeOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.cause instanceof Error ? error.cause : error;
}
