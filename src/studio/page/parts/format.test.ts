import { expect, test } from "vitest";
import { agoText, axisTexts, bytesText, durationText, numberText } from "./format.ts";

test.each([
  [0.4, "1 s"],
  [89, "89 s"],
  [90, "2 min"],
  [4800, "80 min"],
  [6000, "1 h 40 min"],
  [7200, "2 h"],
  [100_000, "28 h"],
])("%d seconds are %j", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [2_130_000_000, "2.13 GB"],
  [41_000, "41 KB"],
])("%d bytes are %j", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [
    [0.1498, 0.1499, 0.15],
    ["0.1498", "0.1499", "0.15"],
  ],
  [
    [0.25, 0.5, 0.75, 1],
    ["0.25", "0.5", "0.75", "1"],
  ],
  [
    [0, 500, 1000],
    ["0", "500", "1,000"],
  ],
  [
    [2e-6, 4e-6],
    ["0.000002", "0.000004"],
  ],
  [[0.12345], ["0.123"]],
])("marks at %j are told apart", (marks, shown) => {
  expect(axisTexts(marks)).toEqual(shown);
});

test("numbers keep three digits, and times say how long ago they were", () => {
  expect([0.12345, 12.345, 1234.5].map(numberText)).toEqual(["0.123", "12.3", "1,235"]);
  const now = new Date(2026, 10, 22, 14, 32).getTime();
  expect([1, 300, 7200].map((seconds) => agoText(now - seconds * 1000, now))).toEqual([
    "just now",
    "5 min ago",
    "2 h ago",
  ]);
  expect(agoText(now - 2 * 86_400_000, now)).toBe("20 Nov, 14:32");
  // the clock was set back in between
  expect([1, 7200].map((seconds) => agoText(now + seconds * 1000, now))).toEqual(["just now", "16:32"]);
});
