import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/datasets.ts";
import { didYouMean, nearPath } from "./path-hints.ts";

const at = temporaryFolder();

test("the suggested path has the nearest name in place of the first missing part", async () => {
  await mkdir(at("pictures", "20_mycat"), { recursive: true });
  await writeFile(at("pictures", "20_mycat", "a.png"), "");
  await writeFile(at("model.safetensors"), "");
  expect(nearPath(at("picturs"))).toBe(at("pictures"));
  expect(nearPath(`${at("picturs")}/20_mycat/`)).toBe(`${at("pictures")}/20_mycat/`);
  expect(nearPath(at("Pictures", "20_mycat", "a.png"))).toBe(at("pictures", "20_mycat", "a.png"));
  expect(nearPath(at("model.ckpt"))).toBe(at("model.safetensors"));
  expect(didYouMean(at("pictures", "20_mycta"))).toBe(`Did you mean ${at("pictures", "20_mycat")}?`);
});

// elsewhere two names that differ only in letter case are one file
test.skipIf(process.platform !== "linux")(
  "a name in its own letter case goes before others, and endings make no names alike",
  async () => {
    for (const name of ["MyCat", "mycat", "a, b"]) await writeFile(at(`${name}.safetensors`), "");
    expect(nearPath(at("mycat"))).toBe(at("mycat.safetensors"));
    expect(nearPath(at("MyCat.pt"))).toBe(at("MyCat.safetensors"));
    expect(nearPath(at("none.safetensors"))).toBeUndefined();
  },
);

test("nothing is suggested where everything exists, or nothing is similar", async () => {
  await mkdir(at("pictures"));
  expect(nearPath(at("pictures"))).toBeUndefined();
  expect(nearPath(at("elsewhere"))).toBeUndefined();
  // the first part is mistyped, but the rest does not exist either
  expect(nearPath(at("picturs", "20_mycat"))).toBeUndefined();
  expect(didYouMean("/nowhere/at/all")).toBeUndefined();
});
