import { expect, test } from "vitest";
import { z } from "zod";
import { protocolVersion, Seal } from "./signed.ts";

const seal = new Seal("secret");
const schema = z.object({ v: z.literal(protocolVersion), word: z.string() });
const message = { v: protocolVersion, word: "vexla" };
const opened = (text: string, longest = 1000) => seal.open(text, schema, longest);

test("a message is opened as it was signed", () => {
  expect(opened(seal.sign(message))).toEqual({ message });
});

test.each([
  ["longer than allowed", seal.sign(message), 10, /of \d+ characters/],
  ["not signed", JSON.stringify(message), 1000, /without a signature/],
  ["signed with another secret", new Seal("other").sign(message), 1000, /a wrong signature/],
  ["changed after it was signed", seal.sign(message).replace("vexla", "vexlb"), 1000, /a wrong signature/],
  ["of other content", seal.sign({ ...message, word: 7 }), 1000, /^word: /],
  ["of another protocol", seal.sign({ v: 99, words: [] }), 1000, /speaks protocol 99, this machine 1: .* one version/],
])("one that is %s is refused, with the reason", (_, text, longest, problem) => {
  expect(opened(text, longest)).toEqual({ problem: expect.stringMatching(problem) });
});
