import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { z } from "zod";

/** The version of all messages. Messages of other versions are refused. */
export const protocolVersion = 1;

/** A value in a message. */
type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain | undefined };

/** JSON with sorted keys and without whitespace: equal values give equal texts. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(inOrder(value as Plain));
}

function inOrder(value: Plain | undefined): Plain | undefined {
  if (!value || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Plain) => inOrder(item) ?? null);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrder(item)]));
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Length of `,"sig":"..."}`, in characters. */
const signatureLength = 74;

/** Signs messages and checks signatures (HMAC-SHA256). Without a secret the key is public, and a signature only detects damage. */
export class Seal {
  readonly #key: string;

  constructor(secret: string | undefined) {
    this.#key = secret ?? "coinage";
  }

  /** The canonical text of a message with its signature. */
  sign(message: object): string {
    const text = canonicalText(message);
    return `${text.slice(0, -1)},"sig":"${this.#signature(text)}"}`;
  }

  /** The message in a signed text, or why it is refused. longest: the largest length of the text, in characters. */
  open<Message>(
    text: string,
    schema: z.ZodType<Message>,
    longest: number,
  ): { readonly message: Message } | { readonly problem: string } {
    if (text.length > longest) return { problem: `a message of ${text.length} characters` };
    const signature = /^,"sig":"([0-9a-f]{64})"\}$/.exec(text.slice(-signatureLength))?.[1];
    if (signature === undefined) return { problem: "a message without a signature" };
    const signed = `${text.slice(0, -signatureLength)}}`;
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.#signature(signed))))
      return { problem: "a wrong signature (is COINAGE_CLUSTER_SECRET the same on both machines?)" };
    const message = parsed(signed);
    const { v = protocolVersion } = (message ?? {}) as { readonly v?: unknown };
    if (v !== protocolVersion)
      return {
        problem: `it speaks protocol ${JSON.stringify(v)}, this machine ${protocolVersion}: both need one version of coinage`,
      };
    const { success, data, error } = schema.safeParse(message);
    if (success) return { message: data };
    const [issue] = error.issues;
    return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}` };
  }

  #signature(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("hex");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
