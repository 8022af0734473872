import { expect, test } from "vitest";
import { TurnedClock } from "../../../test/turned-clock.ts";
import { runtimeVersion } from "../../runtime/index.ts";
import { MemoryBoard } from "../board/memory.ts";
import type { Presence, RunsManifest } from "../protocol/manifest.ts";
import { protocolVersion, Seal } from "../protocol/signed.ts";
import { RunChoice } from "./choice.ts";

const seal = new Seal("secret");
const manifest: RunsManifest = {
  ...{
    v: protocolVersion,
    kind: "runs",
    run: "first",
    incarnation: "first-time",
    coinage: "1.2",
    runtime: runtimeVersion(),
  },
  ...{ host: "desk", word: "vexla", steps: 1, threads: 1, blobs: { urls: ["http://192.168.1.10:1"], token: "" } },
};

test.each([
  ["of another coinage", seal.sign({ ...manifest, coinage: "1.3" }), "it needs coinage 1.3, this worker has 1.2"],
  ["of another ONNX Runtime", seal.sign({ ...manifest, runtime: "0.1" }), "it needs ONNX Runtime 0.1, this worker has"],
  ["of another protocol", seal.sign({ ...manifest, v: 99 }), "it speaks protocol 99, this machine"],
  ["with another secret", new Seal("another").sign(manifest), "is COINAGE_CLUSTER_SECRET the same on both machines?"],
])("a run %s is refused, and the worker publishes why; one that fits gets it", async (_, text, why) => {
  const board = new MemoryBoard(new TurnedClock());
  const announce = async (run: string, announced: string) => {
    const coordinator = board.coordinator({ run, incarnation: `${run}-time` });
    await coordinator.announce(announced, { step: 0, excluded: [] });
    return coordinator;
  };
  const said: string[] = [];
  const states: { readonly state: Presence["state"]; readonly why: string | undefined }[] = [];
  const choice = new RunChoice({
    ...{ board: board.worker(), seal, coinage: "1.2", id: "w", say: (text) => void said.push(text) },
    updatePresence: async ({ state, why }) => void states.push({ state, why }),
  });
  const refusing = await announce("first", text);
  expect(await choice.next()).toBeUndefined();
  expect(said).toEqual([expect.stringContaining(why)]);
  expect(states).toEqual([{ state: "refused", why: expect.stringContaining(why) }]);
  await announce("second", seal.sign({ ...manifest, run: "second", incarnation: "second-time" }));
  expect(await choice.next()).toMatchObject({ run: "second" });
  await refusing.close(true);
  expect(await choice.next()).toMatchObject({ run: "second" });
  expect(states.at(-1)).toEqual({ state: "idle", why: undefined });
});
