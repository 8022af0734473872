import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EventReader } from "./sse.ts";

const stream =
  'retry: 1000\n\nid: a:1\nevent: step\ndata: {"step":1}\n\n: still here\n\nevent: run\ndata: x\ndata: y\n\nid: a:2\ndata: z\n';

test("a stream is read alike in whichever pieces it comes, and a torn message waits for its end", () => {
  const whole = new EventReader().take(stream);
  expect(whole).toEqual([
    { id: "a:1", event: "step", data: '{"step":1}' },
    { id: "a:1", event: "run", data: "x\ny" },
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const reader = new EventReader();
      const pieces = edges.slice(1).flatMap((edge, i) => reader.take(stream.slice(edges[i], edge)));
      expect(pieces).toEqual(whole);
      expect(reader.take("\n")).toEqual([{ id: "a:2", event: "message", data: "z" }]);
    }),
  );
});
