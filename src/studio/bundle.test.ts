import { expect, test } from "vitest";
import { screens, scriptBytes } from "../../test/studio/script-bytes.ts";
import { bundlePage } from "./bundle.ts";

test("no screen loads more than 150 KB of script", async () => {
  const files = await bundlePage(new URL("page/main.tsx", import.meta.url));
  const sizes = Object.fromEntries(screens.map((screen) => [screen, scriptBytes(files, screen)]));
  // smaller, it would lack the curves and not be that screen's script
  expect(sizes.run).toBeGreaterThan(100_000);
  expect(Object.entries(sizes).filter(([, bytes]) => bytes > 150_000)).toEqual([]);
});
