import { expect, test } from "vitest";
import { runName } from "../coordinator/open.ts";
import { nameSchema } from "./job.ts";
import { manifestSchema } from "./manifest.ts";

/** Whether a manifest with these addresses of blobs is understood. */
function isUnderstood(...urls: readonly string[]): boolean {
  return manifestSchema.safeParse({
    ...{ v: 1, kind: "runs", run: "run", incarnation: "now", coinage: "1.2", runtime: "1", host: "desk", word: "cat" },
    ...{ steps: 1, threads: 1, blobs: { urls, token: "token" } },
  }).success;
}

test("a worker is sent to no addresses but those of a machine's own ports", () => {
  expect(isUnderstood("http://192.168.1.10:40123", "http://[fd00::1]:40123", "http://127.0.0.1:40123")).toBe(true);
  for (const url of [
    "http://192.168.1.10:40123/elsewhere",
    "http://user@192.168.1.10:40123",
    "http://internal.example:80",
    "https://192.168.1.10:40123",
    "file:///etc/passwd",
    "data:,x",
    "http://[fd00::1%eth0]:1",
  ])
    expect(isUnderstood("http://127.0.0.1:40123", url), url).toBe(false);
  expect(isUnderstood()).toBe(false);
});

test.each(["käse mit leer", "鳥", "w".repeat(240)])(
  "a run whose file is called %s has a name that messages may carry",
  (name) => {
    expect(nameSchema.parse(runName(`/out/${name}`))).toMatch(/-[0-9a-f]{8}$/);
  },
);
