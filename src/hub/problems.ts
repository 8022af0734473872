import { CoinageError } from "../errors/index.ts";
import { hintOfMissing } from "../files/index.ts";
import { type Hub, type HubSettings, shownText } from "./access.ts";
import { idText, type ModelId } from "./model-id.ts";

/** The error for a request without an answer. */
export function unreachable(hub: Hub, cause: unknown): CoinageError {
  const reason = reasonOf(hub, cause);
  const isNotHttp = causeOf(cause)?.name === "HTTPParserError" || reason === "UND_ERR_HEADERS_OVERFLOW";
  if (isNotHttp) return oddAnswer(hub, `it is not HTTP (${reason})`);
  const { id, access, cacheFolder } = hub;
  return new CoinageError("HUB_OFFLINE", `${access.url} cannot be reached to fetch ${idText(id)} (${reason}).`, {
    ...hintOfMissing(
      idText(id),
      `It is not a file or folder here, and not complete in the cache ${cacheFolder}. What was fetched is kept: the next run resumes there.`,
    ),
  });
}

/** The error for a connection that broke during an answer. */
export function brokenConnection(hub: Hub, bytes: number, cause: unknown): CoinageError {
  const what = `The connection to ${hub.access.url} broke after ${bytes} bytes (${reasonOf(hub, cause)}).`;
  return new CoinageError("HUB_OFFLINE", what, { hint: keptHint });
}

/** The error for an answer that stalls. */
export function stalledAnswer(hub: Hub, bytes: number): CoinageError {
  const { url } = hub.access;
  const what = bytes === 0 ? "does not answer" : `sent ${bytes} bytes and then almost nothing`;
  return new CoinageError(
    "HUB_FAILED",
    `${url} ${what} for ${hub.patienceMs / 1000} s when asked for ${idText(hub.id)}.`,
    {
      hint: keptHint,
    },
  );
}

const keptHint = "Try again later. What was fetched is kept, and the next run resumes there.";

/** The error for a status other than success. text: the beginning of the answer. */
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
      `${url} refuses to send ${model}${access.authorization ? " to the owner of your access token" : " without an access token"}: it is private, requires an agreement, or does not exist.`,
      { hint: `Agree to its terms at ${url}/${id.name}, and set HF_TOKEN to a token from ${url}/settings/tokens.` },
    );
  const said = shownText(messageIn(text), access);
  return new CoinageError("HUB_FAILED", `${url} answers ${status} when asked for ${model}${said && `: ${said}`}`, {
    hint: "Try again later. What was fetched is kept.",
  });
}

/** The message in the hub's errors, which are {"error": text}. */
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
    `${idText(id)} is neither a file or folder here nor complete in the cache ${cacheFolder}, and HF_HUB_OFFLINE forbids fetching it.`,
    hintOfMissing(idText(id), "Unset HF_HUB_OFFLINE once to fetch it, or give the path of a model."),
  );
}

/** The error for a web address that is not a model's page. Parts that may be secret are not shown. */
export function notAnAddress(text: string): CoinageError {
  const { origin = "", pathname = "" } = URL.canParse(text) ? new URL(text) : {};
  const shown = shownText(origin === "null" ? "" : origin + pathname, { secrets: [] });
  return new CoinageError(
    "HUB_NOT_FOUND",
    `${shown || "An address"} is not the page of a model on the Hugging Face hub.`,
    {
      hint: "Write it as owner/name or https://huggingface.co/owner/name, or download the file and give its path.",
    },
  );
}

/** The error for a model repository without the files that are needed. files: those that may be meant. */
export function unclearContents({ id, access }: Hub, files: readonly string[]): CoinageError {
  const addresses = files.slice(0, 20).map((file) => `${access.url}/${id.name}/blob/${id.revision ?? "main"}/${file}`);
  return new CoinageError(
    "HUB_NOT_FOUND",
    `${idText(id)} holds ${files.length === 0 ? "no model" : `${files.length} files of weights and no Diffusers folder`}.`,
    files.length === 0 ? {} : { hint: `Give one of them:\n${addresses.join("\n")}` },
  );
}

/** The error for an unusable answer. what: the rest of a sentence that begins with "it". */
export function oddAnswer({ id, access }: Hub, what: string): CoinageError {
  return new CoinageError(
    "HUB_FAILED",
    `${access.url} gives an answer about ${idText(id)} that cannot be used: ${what}.`,
    { hint: "Another server (a proxy, the login page of a network) may have answered instead. Try again later." },
  );
}

/** Errors of the HTTP parser have no code from Node 24 on. */
function reasonOf(hub: Hub, error: unknown): string {
  const inner = causeOf(error);
  const code = inner && "code" in inner ? inner.code : undefined;
  return shownText(String(code ?? inner?.message ?? error), hub.access);
}

/** The cause of `fetch failed`. */
function causeOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.cause instanceof Error ? error.cause : error;
}
