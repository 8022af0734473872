import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha512 } from "./sha512.ts";

test("agrees with OpenSSL on messages of every length around a block", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      expect([...sha512(message)]).toEqual([...createHash("sha512").update(message).digest()]);
    }),
  );
});
