import type { Context } from "hono";
import type { z } from "zod";
import { type Refusal, requireWithin } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** The JSON body of a request. @throws BODY_TOO_LARGE, BODY_INVALID naming the place */
export async function readJson<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) throw invalid("its Content-Type is not application/json");
  return parsed(schema, jsonOf(await readText(c)));
}

/** Values of the query. @throws BODY_INVALID */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  return parsed(schema, c.req.query());
}

/** @throws BODY_INVALID */
function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue!.path.join(".");
  throw invalid(`${issue!.message}`, place === "" ? undefined : place);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("it is not JSON");
  }
}

function invalid(reason: string, where?: string): CoinageError {
  return new CoinageError("BODY_INVALID", `The request cannot be used: ${reason}.`, {
    ...(where !== undefined && { where }),
    hint: "Reload the page: it may be of another version than the studio.",
  });
}

const tooLarge: Refusal = { code: "BODY_TOO_LARGE", subject: "The request", hint: "Send less at once." };

/** A body as text, read no further than the limit, whatever its Content-Length says. */
async function readText(c: Context): Promise<string> {
  requireWithin("studioBody", Number(c.req.header("content-length") ?? 0), tooLarge);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(c.req.raw.body)) {
    length += part.length;
    requireWithin("studioBody", length, tooLarge);
    parts.push(part);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw invalid("it is not UTF-8");
  }
}

/** The bytes of a body as they arrive. Leaving the loop cancels the body. */
export async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
