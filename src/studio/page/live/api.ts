import type { Problem } from "../../http/problems.ts";

/** An answer of the studio that is a problem, or none at all (`code` is then UNREACHABLE). */
class ProblemError extends Error {
  readonly problem: Problem;
  readonly status: number;
  /** What else the answer has: for a conflict, what is there now. */
  readonly answer: Readonly<Record<string, unknown>>;

  constructor(problem: Problem, status = 0, answer: Readonly<Record<string, unknown>> = {}) {
    super(problem.message);
    [this.problem, this.status, this.answer] = [problem, status, answer];
  }
}

const unreachable: Problem = {
  code: "UNREACHABLE",
  message: "The studio does not answer.",
  hint: "Start it again with “coinage studio”. Runs go on without it.",
};

let csrf: string | undefined;

/** Remembers the value that proves that requests come from this page. */
export function useCsrf(value: string): void {
  csrf = value;
}

interface Asking {
  /** Sent as JSON; a Blob as it is. */
  readonly body?: unknown;
  /** The event that the action was decided on: it is refused when the run has changed since. */
  readonly ifMatch?: number;
  readonly signal?: AbortSignal;
}

/** Asks the studio. @throws ProblemError for everything but a good answer */
export async function ask<Answer>(method: string, path: string, { body, ifMatch, signal }: Asking = {}) {
  const isRead = method === "GET";
  const isBlob = body instanceof Blob;
  const headers: Record<string, string> = {
    ...(!isRead && csrf !== undefined && { "x-coinage": csrf }),
    // the same press of a button is done once, even when the answer is lost and it is sent again
    ...(method === "POST" && { "idempotency-key": crypto.randomUUID() }),
    ...(body !== undefined && !isBlob && { "content-type": "application/json" }),
    ...(ifMatch !== undefined && { "if-match": String(ifMatch) }),
  };
  const sent = body === undefined ? (isRead ? undefined : "{}") : isBlob ? body : JSON.stringify(body);
  if (sent === "{}") headers["content-type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      ...(sent !== undefined && { body: sent }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError(unreachable);
  }
  const data = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (answer.ok) return data as Answer;
  throw new ProblemError((data.problem as Problem | undefined) ?? unreachable, answer.status, data);
}

interface Sending {
  /** Told how much of it has left, from 0 to 1. */
  readonly onShare?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Sends a file as it is, with PUT. Its progress can be told, which fetch cannot. @throws ProblemError; the signal's reason when that ends it early */
export function sendFile<Answer>(path: string, file: Blob, { onShare, signal }: Sending = {}): Promise<Answer> {
  const request = new XMLHttpRequest();
  return new Promise<Answer>((resolve, reject) => {
    request.open("PUT", path);
    if (csrf !== undefined) request.setRequestHeader("x-coinage", csrf);
    request.upload.onprogress = ({ loaded, total }) => onShare?.(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const data = answerIn(request.responseText);
      if (request.status === 200) resolve(data as Answer);
      else reject(new ProblemError((data.problem as Problem | undefined) ?? unreachable, request.status, data));
    };
    request.onerror = () => reject(new ProblemError(unreachable));
    request.onabort = () => reject(signal?.reason);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

function answerIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** What went wrong, as the page shows it. */
export function problemIn(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return { code: "PAGE", message: error instanceof Error ? error.message : String(error) };
}
