import { expect, test } from "vitest";
import type { Problem } from "../../../../http/problems.ts";
import type { ChosenFile } from "./dropped-files.ts";
import { Uploads } from "./uploads.ts";

const file = (name: string): ChosenFile => ({ name, file: new File(["x"], name) });

/** Uploads that the test completes. */
function held() {
  const open = new Map<string, { resolve: (name: string) => void; reject: (error: unknown) => void }>();
  const taken: string[] = [];
  const uploads = new Uploads<string>(
    ({ name }, { signal }) =>
      new Promise((resolve, reject) => {
        open.set(name, { resolve, reject });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    (name) => taken.push(name),
    (error): Problem => ({ code: "REFUSED", message: String(error) }),
  );
  const settled = async (name: string, how: "resolve" | "reject") => {
    open.get(name)![how](name);
    open.delete(name);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { uploads, open, taken, settled };
}

test("four are sent at once, and the next when one is through", async () => {
  const { uploads, open, taken, settled } = held();
  uploads.add(["a", "b", "c", "d", "e", "f"].map(file));
  expect([...open.keys()]).toEqual(["a", "b", "c", "d"]);
  expect(uploads.coming).toBe(6);
  await settled("b", "resolve");
  expect([...open.keys()]).toEqual(["a", "c", "d", "e"]);
  expect(taken).toEqual(["b"]);
  expect(uploads.lot.value).toEqual({ done: 1, all: 6 });
});

test("one that is refused stays listed with the reason, and can be sent again or put away", async () => {
  const { uploads, open, settled } = held();
  uploads.add([file("a")]);
  await settled("a", "reject");
  expect(uploads.list.value).toMatchObject([{ name: "a", state: "refused", problem: { message: "a" } }]);
  expect(uploads.coming).toBe(0);
  uploads.again(uploads.list.value[0]!.id);
  expect([...open.keys()]).toEqual(["a"]);
  await settled("a", "reject");
  uploads.forget(uploads.list.value[0]!.id);
  expect(uploads.list.value).toEqual([]);
});

test("stopping ends what is on its way and keeps what was refused", async () => {
  const { uploads, taken, settled } = held();
  uploads.add(["a", "b", "c", "d", "e"].map(file));
  await settled("a", "reject");
  uploads.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(uploads.list.value.map(({ name }) => name)).toEqual(["a"]);
  expect([uploads.coming, taken]).toEqual([0, []]);
});
