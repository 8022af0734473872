import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { repairText } from "./repair-text.ts";

/** The text as UTF-8 read in Latin-1. */
function garbled(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

describe("mojibake", () => {
  test("is repaired however often it happened", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("schön", "über", "日本語", "привет"),
        (times, text) => {
          let broken: string = text;
          for (let i = 0; i < times; i++) broken = garbled(broken);
          expect(repairText(broken)).toBe(text);
        },
      ),
    );
  });

  test.each([
    ["in one word among sound ones", "naïve schÃ¶n", "naïve schön"],
    ["of which the no-break space became a space", "voilÃ le travail", "voilà le travail"],
    ["before a word", "Ã la mode", "à la mode"],
    ["of which a byte was lost", "â€œ like this â€\ufffd", '" like this \ufffd'],
    ["of another code page", "РїСЂРёРІРµС‚", "привет"],
    ["of encoded surrogates", "x\xed\xa0\xbd\xed\xb8\x80", "x😀"],
  ])("%s", (_, broken, repaired) => {
    expect(repairText(broken)).toBe(repaired);
  });

  test.each(["Österreich", "à la carte", "£5 – 10€", "¿qué?", "«x»", "½ × ²", "Ελλάδα", "žluťoučký kůň"])(
    "is not seen in %s",
    (text) => {
      expect(repairText(text)).toBe(text);
    },
  );
});

describe("HTML references", () => {
  test.each([
    ["&amp;amp;amp;", "&"],
    ["&EACUTE;&eacute;&Eacute;", "ÉéÉ"],
    ["&LTE; &nosuch; &amp", "&LTE; &nosuch; &amp"],
    ["&#65;&#x42;&#X43;&#0;&#xD800;&#128;&#1;", "ABC\ufffd\ufffd€"],
    ["&#59; &#6a;", "&#59; &#6a;"],
    ["&NotEqualTilde;", "≂̸"],
  ])("%s", (text, repaired) => {
    expect(repairText(text)).toBe(repaired);
  });

  test("stay from the first line on that holds a <", () => {
    expect(repairText("&amp;\n&lt;\n<i>&amp;\n&amp;")).toBe("&\n<\n<i>&amp;\n&amp;");
  });
});

describe("characters", () => {
  test.each([
    ["line breaks", "a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"],
    ["Windows-1252 control characters", "it\x92s\x85", "it's…"],
    ["those that stand for nothing", "a\x81b", "a\x81b"],
    ["ligatures", "ﬂuﬃeﬆ Ǆ ŉ", "fluffiest DŽ 'n"],
    ["widths", "ＡＢＣ\u3000ﾊﾛｰ", "ABC ハロー"],
    ["quotes", "‘a’ “b” ʼ", "'a' \"b\" '"],
    ["half surrogates", "a\ud800b", "a\ufffdb"],
    ["terminal colours", "\x1b[1;31mred\x1b[0m", "red"],
    ["control characters", "a\x07\x0b\ufeffb\tc", "ab\tc"],
    ["combining marks", "e\u0301", "é"],
  ])("%s", (_, text, repaired) => {
    expect(repairText(text)).toBe(repaired);
  });

  test("printable ASCII without references stays", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        const plain = text.replaceAll("&", "");
        expect(repairText(plain)).toBe(plain);
      }),
    );
  });
});

describe("text that would take for ever", () => {
  test.each([
    ["a reference encoded thousands of times over", `&${"amp;".repeat(8000)}`],
    ["mojibake that is repaired byte by byte", `é Ã${"\u0083".repeat(20_000)} 日`],
    ["a letter with thousands of marks", `a${"\u0301\u0323".repeat(20_000)}`],
  ])("is refused: %s", (_, text) => {
    expect(() => repairText(text)).toThrow(expect.objectContaining({ code: "TEXT_SPOILED" }));
  });

  test("is not what a long text is", () => {
    expect(repairText("schÃ¶n &amp;amp; gut e\u0301 ".repeat(10_000))).toBe("schön & gut é ".repeat(10_000));
  });
});
