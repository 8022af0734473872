import { CoinageError } from "../errors/index.ts";
import { idText, type ModelId } from "./model-id.ts";
import type { HubSettings } from "./settings.ts";

/** What a failed request of the hub means. status: of its answer; undefined when there was none. */
export function requestProblem(
  id: ModelId,
  { endpoint, token, cacheFolder }: HubSettings,
  status: number | undefined,
  cause: unknown,
): CoinageError {
  const model = idText(id);
  if (status === undefined)
    return new CoinageError("HUB_OFFLINE", `${endpoint} cannot be reached to fetch ${model} (${reasonOf(cause)}).`, {
      hint: `It is no file or folder here and not completely in the cache ${cacheFolder}. What was fetched is kept: run it again and it goes on there.`,
      cause,
    });
  if (status === 404)
    return new CoinageError("HUB_NOT_FOUND", `${model} is neither a file or folder here nor a model on ${endpoint}.`, {
      hint: "Check the spelling; a revision is written owner/name@revision.",
      cause,
    });
  if (status === 401 || status === 403)
    return new CoinageError(
      "HUB_DENIED",
      `${endpoint} does not give out ${model}${token ? " to the owner of your access token" : " without an access token"}: it is private, asks for an agreement, or does not exist.`,
      {
        hint: `Agree to its terms at ${endpoint}/${id.name}, and set HF_TOKEN to a token from ${endpoint}/settings/tokens.`,
        cause,
      },
    );
  return new CoinageError("HUB_FAILED", `${endpoint} answers ${status} when asked for ${model}.`, {
    hint: "Try again later. What was fetched is kept.",
    cause,
  });
}

export function offline(id: ModelId, { cacheFolder }: HubSettings): CoinageError {
  return new CoinageError(
    "HUB_OFFLINE",
    `${idText(id)} is neither a file or folder here nor completely in the cache ${cacheFolder}, and HF_HUB_OFFLINE forbids to fetch it.`,
    { hint: "Unset HF_HUB_OFFLINE once to fetch it, or give the path of a model." },
  );
}

export function malformedToken(): CoinageError {
  return new CoinageError("HUB_DENIED", "The access token for the hub is none: they begin with hf_.", {
    hint: "Set HF_TOKEN to a token from https://huggingface.co/settings/tokens, or unset it for public models.",
  });
}

/** A model repository without the files we look for. files: what could be meant. */
export function unclearContents(id: ModelId, { endpoint }: HubSettings, files: readonly string[]): CoinageError {
  const addresses = files.slice(0, 20).map((file) => `${endpoint}/${id.name}/blob/${id.revision ?? "main"}/${file}`);
  return new CoinageError(
    "HUB_NOT_FOUND",
    `${idText(id)} holds ${files.length === 0 ? "no model" : `${files.length} files of weights and no Diffusers folder`}.`,
    files.length === 0 ? {} : { hint: `Give one of them:\n${addresses.join("\n")}` },
  );
}

export function oddAnswer(id: ModelId, { endpoint }: HubSettings, what: string): CoinageError {
  return new CoinageError(
    "HUB_FAILED",
    `${endpoint} gives an answer about ${idText(id)} that cannot be used: ${what}.`,
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return error.message;
}
