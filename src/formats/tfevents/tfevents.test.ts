import { describe, expect, test } from "vitest";
import {
  crc32c,
  hyperParameterEvents,
  imageEvent,
  maskedCrc32c,
  recordOf,
  scalarsEvent,
  textEvent,
  versionEvent,
} from "./index.ts";

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

  // TensorBoard itself has read these bytes
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

  test("hold texts as tensors", () => {
    expect(textEvent(1.5, 300, "stop/reason", "flat")).toEqual(
      bytes(
        "09000000000000f83f10ac022a290a270a0b73746f702f726561736f6e420e08071204120208014204666c61744a080a060a0474657874",
      ),
    );
  });

  test("hold images with their captions", () => {
    const image = { tag: "sample_0", png: bytes("8950"), width: 200, height: 64, description: "a cat" };
    expect(recordOf(imageEvent(1.5, 300, image))).toEqual(
      bytes(
        "3c00000000000000c8b7a35209000000000000f83f10ac022a2e0a2c0a0873616d706c655f30220b084010c8011803220289504a130a080a06696d616765731a05612063617420034148e8f6",
      ),
    );
  });

  test("hold hyper-parameters: their names, their values, an end", () => {
    expect(hyperParameterEvents(1.5, { word: "cat", rate: 0.5, big: true }).map(recordOf)).toEqual([
      bytes(
        "53000000000000000d7d4e9109000000000000f83f10002a460a440a145f68706172616d735f2f6578706572696d656e744a2c0a2a0a0768706172616d73121f121d22080a04776f7264200122080a0472617465200322070a0362696720023cd57780",
      ),
      bytes(
        "6b0000000000000087efa6e109000000000000f83f10002a5e0a5c0a1c5f68706172616d735f2f73657373696f6e5f73746172745f696e666f4a3c0a3a0a0768706172616d73122f1a2d0a0d0a04776f726412051a036361740a110a0472617465120911000000000000e03f0a090a0362696712022001d5c03257",
      ),
      bytes(
        "3e00000000000000d9d240e709000000000000f83f10002a310a2f0a1a5f68706172616d735f2f73657373696f6e5f656e645f696e666f4a110a0f0a0768706172616d731204220208010ad2da59",
      ),
    ]);
  });
});
