/** Where the coordinator gives blobs out, and takes what is brought. */
export interface BlobSource {
  readonly urls: readonly string[];
  readonly token: string;
}

/** What it says: something, or why nothing came. isBusy: it serves others, and may be asked again. */
type Said = { readonly response: Response } | { readonly problem: string; readonly isBusy: boolean };

interface Asking {
  readonly method?: "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
  /** Aborted: nothing is asked any more. */
  readonly stop?: AbortSignal | undefined;
}

/** The address that answered last: of a machine in several networks, some addresses lead nowhere, and each costs some seconds to find out. */
const answering = new WeakMap<BlobSource, string>();

/** Asks the coordinator for what is at a place, at one of its addresses after the other. */
export async function askSource(
  source: BlobSource,
  place: string,
  { timeoutMs, stop, headers, ...init }: Asking,
): Promise<Said> {
  const last = answering.get(source);
  const urls = last === undefined ? source.urls : [last, ...source.urls.filter((url) => url !== last)];
  let refusal: string | undefined;
  let failure: string | undefined;
  let isBusy = false;
  for (const url of urls) {
    try {
      const response = await fetch(`${url}/${place}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${source.token}` },
        redirect: "error",
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stop ? [stop] : [])]),
      });
      if (response.ok) {
        answering.set(source, url);
        return { response };
      }
      await response.body?.cancel();
      refusal ??= `${url} answers ${response.status}`;
      isBusy ||= response.status === 503;
    } catch (error) {
      failure = reasonOf(error);
    }
  }
  return { problem: refusal ?? failure ?? "no address", isBusy };
}

/** What fetch says in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
