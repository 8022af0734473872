import { expect, test } from "vitest";
import { collect, epochContext, openSeeded, temporaryFolder, writeCats } from "../../test/datasets.ts";
import { listEpoch, reportOf } from "../dataset/index.ts";
import { datasetLines } from "./first-screen.ts";
import { batchLines } from "./listing-report.ts";

const at = temporaryFolder();

test("report and listing show what will be trained on", async () => {
  const group = await openSeeded(await writeCats(at("cats")));
  expect(datasetLines(reportOf(group)).join("\n")).toContain("bucket 1: 128x128, 9 images");
  const idsOf = (caption: string) => [[49406, caption.length, 49407, 49407, 49407]];
  const [first] = await collect(listEpoch(group, [0], epochContext, idsOf));
  const lines = batchLines(first!).join("\n");
  expect(lines).toContain("step 1/1");
  expect(lines).toMatch(/token ids 1: 49406 \d+ 49407 \(3 times\)/);
  expect(lines).toContain("mycat mycat1");
});
