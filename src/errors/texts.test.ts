import { expect, test } from "vitest";
import { CoinageError, formatError, printable, printableLine } from "./index.ts";

test("what steers a terminal or turns the order of letters is shown instead, as in JSON", () => {
  expect(printable("\x1b]0;owned\x07 \x9b31m \r \u202e\u2066 \x7f\0")).toBe(
    "\\u001b]0;owned\\u0007 \\u009b31m \\u000d \\u202e\\u2066 \\u007f\\u0000",
  );
  expect(JSON.parse(printable(JSON.stringify("\x9b\u202e")))).toBe("\x9b\u202e");
});

test("what people write is left as it is: letters of all scripts, emoji of several characters, lines, tabs", () => {
  const text = "Schnee ☃, שלום, مرحبا, नमस्ते, 👩‍🚀, 🏴󠁧󠁢󠁥󠁮󠁧󠁿, ネコ\n\tC:\\new";
  expect(printable(text)).toBe(text);
});

test("a name is shown on one line, shortened", () => {
  expect(printableLine("a\nb\tc")).toBe("a\\nb c");
  expect(printableLine("x".repeat(1e6), 3)).toBe("xxx... (1000000 characters)");
});

test("an error tells of names in files without obeying them, and not at any length", () => {
  const error = new CoinageError("USAGE", `"\x1b[2J" and "${"x".repeat(1e6)}"`, { where: "\x1b[H", hint: "\x07" });
  const text = formatError(error);
  expect(text.length).toBeLessThan(5000);
  expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
});
