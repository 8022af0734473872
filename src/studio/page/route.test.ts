import { beforeAll, expect, test, vi } from "vitest";

beforeAll(() => {
  // the module reads the browser's location when it is loaded
  vi.stubGlobal("location", { pathname: "/" });
});

test.each([
  ["/", { screen: "runs" }],
  ["/new", { screen: "new" }],
  ["/run/2026-11-22_1432_mycat", { screen: "run", run: "2026-11-22_1432_mycat" }],
  ["/run/2026_%E6%97%A5/compare", { screen: "compare", run: "2026_日" }],
  ["/run/a/use", { screen: "use", run: "a" }],
  ["/run/%zz", { screen: "unknown" }],
  ["/run/a/b", { screen: "unknown" }],
  ["/runs", { screen: "unknown" }],
])("the address %s shows its screen", async (address, shown) => {
  const { routeOf } = await import("./route.ts");
  expect(routeOf(address)).toEqual(shown);
});
