import { describe, expect, test } from "vitest";
import { crc32c, maskedCrc32c, recordOf, scalarsEvent, versionEvent } from "./index.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

describe("event files", () => {
  // the examples of RFC 3720, appendix B.4
  test.each([
    ["00".repeat(32), 0x8a9136aa],
    ["ff".repeat(32), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString("hex"), 0x46dd794e],
  ])("crc32c of %s", (hex, expected) => {
    expect(crc32c(bytes(hex))).toBe(expected);
  });

  test("the checksum is masked as TensorFlow masks it", () => {
    const crc = crc32c(bytes("00".repeat(32)));
    const rotated = BigInt(crc >>> 15) | ((BigInt(crc) << 17n) & 0xffffffffn);
    expect(maskedCrc32c(bytes("00".repeat(32)))).toBe(Number((rotated + 0xa282ead8n) & 0xffffffffn));
  });

  // the bytes were read back by TensorBoard itself
  test("begin with their version", () => {
    expect(recordOf(versionEvent(1))).toEqual(
      bytes("1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a"),
    );
  });

  test("hold numbers by tag and step", () => {
    expect(recordOf(scalarsEvent(1.5, 300, { loss: 0.25, "loss/epoch": -2 }))).toEqual(
      bytes(
        "2e00000000000000c5cb57fa09000000000000f83f10ac022a200a0b0a046c6f7373150000803e0a110a0a6c6f73732f65706f636815000000c095a68575",
      ),
    );
  });
});
