import type { Problem } from "../../http/problems.ts";

/** An answer with a problem, or a missing answer (`code` is then UNREACHABLE). */
class ProblemError extends Error {
  readonly problem: Problem;
  readonly status: number;
  /** The rest of the answer: after a conflict, the current data. */
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

/** Sets the value that proves that requests come from this page. */
export function useCsrf(value: string): void {
  csrf = value;
}

interface Asking {
  /** Sent as JSON, except for a Blob. */
  readonly body?: unknown;
  /** The last event known when the action was chosen: it is refused if the run has changed since. */
  readonly ifMatch?: number;
  readonly signal?: AbortSignal;
}

/** Sends a request to the studio and returns its answer. @throws ProblemError for any other outcome */
export async function ask<Answer>(method: string, path: string, { body, ifMatch, signal }: Asking = {}) {
  const isRead = method === "GET";
  const isBlob = body instanceof Blob;
  const headers: Record<string, string> = {
    ...(!isRead && csrf !== undefined && { "x-coinage": csrf }),
    // one press of a button acts once, even if the answer is lost and the request is sent again
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
  /** Called with the share that has been sent, from 0 to 1. */
  readonly onShare?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Sends a file with PUT. XMLHttpRequest reports progress, which fetch cannot. @throws ProblemError; the signal's reason if it aborts */
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

/** An error as a problem to show. */
export function problemIn(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return { code: "PAGE", message: error instanceof Error ? error.message : String(error) };
}
