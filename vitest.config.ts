import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Number tests against recorded goldens form a project of their own, so that `GOLDENS=DIR npm run test:goldens` can run them against another set.
const goldenTests = "{src,test}/**/*.goldens.test.ts";

// Stories in a real browser need one, so that `npm test` leaves them out: `npm run test:studio`.
const pageTests = "test/studio/**/*.test.ts";

// Shared runs need a Redis or Valkey server: `npm run test:cluster`.
const clusterTests = "test/cluster/**/*.test.ts";

// Optimizing the small model's graph takes as long as some steps of training: once for all tests. The user's own cache is left alone.
const graphCache = { COINAGE_CACHE: fileURLToPath(new URL(".cache/tests", import.meta.url)) };

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    env: { ORT_DISABLE_TELEMETRY: "1", COINAGE_CACHE: "off" },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{src,test}/**/*.test.ts"],
          exclude: [goldenTests, pageTests, clusterTests],
          env: graphCache,
        },
      },
      { extends: true, test: { name: "goldens", include: [goldenTests] } },
      {
        extends: true,
        test: {
          name: "studio",
          include: [pageTests],
          env: graphCache,
          // what is polled for is seen late on a busy machine; it costs time only where a test fails
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: [clusterTests],
          globalSetup: "test/cluster/build.ts",
          // most of their time is waiting
          maxWorkers: 4,
        },
      },
    ],
  },
});
