import { describe, expect, test } from "vitest";
import { fleet, shares, told } from "./fleet.ts";

const { redis, worker, train } = fleet();
const [server, local] = await Promise.all([redis(), train(undefined)]);

describe("a shared run ends in the bytes of a local one", () => {
  test.each([1, 2, 5])("with %i workers", async (count) => {
    const workers = Array.from({ length: count }, () => worker(server.url));
    // the device here takes part only in the first: the others do it alone
    const shared = await train(server.url, count === 1 ? [] : ["--no_cluster_local"], async (event) => {
      if (event.kind === "step" && event.step === 2) await Promise.all(workers.map((one) => one.says("ready")));
    });
    expect(shared.files).toEqual(local.files);
    const names = [...shares(shared).keys()];
    expect(names.filter((name) => !name.startsWith("coordinator")).length).toBeGreaterThanOrEqual(Math.min(count, 3));
    expect(names.some((name) => name.startsWith("coordinator"))).toBe(count === 1);
    expect(told(shared, "workerRefused")).toEqual([]);
  });
});
