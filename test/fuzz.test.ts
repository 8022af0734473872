import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { campaign, inputOf } from "../scripts/fuzz/campaign.ts";
import { execute } from "../scripts/fuzz/oracle.ts";
import { hostileFolder } from "../scripts/fuzz/seeds.ts";
import { removeScratch, type Target, targets } from "../scripts/fuzz/targets/index.ts";
import { CoinageError } from "../src/errors/index.ts";

afterAll(removeScratch);

/** Executions of a plain reader in this short round; `npm run fuzz` is the long one. */
const round = 200;

describe("a short round of mutated files and texts: a result that makes sense or an error with a code", () => {
  test.each(targets.map((target) => [target.name, target] as const))("%s", async (_, target) => {
    const findings: string[] = [];
    const to = Math.ceil(round * target.share);
    for await (const { what, number } of campaign(target, { seed: 7, from: 0, to }))
      findings.push(`${number}: ${what}`);
    expect(findings).toEqual([]);
  });
});

test("what a campaign once found is read right by every reader of such files", async () => {
  const kept = readdirSync(hostileFolder).filter((name) => name.startsWith("fuzz-"));
  const findings: string[] = [];
  for (const name of kept)
    for (const target of targets.filter((candidate) => name.startsWith(`fuzz-${candidate.name}-`))) {
      const finding = await execute(target, readFileSync(path.join(hostileFolder, name)));
      if (finding) findings.push(`${name}: ${finding.what}`);
    }
  expect(findings).toEqual([]);
});

describe("the campaign notices", () => {
  const targetOf = (read: Target["read"]): Target => ({
    ...targets[0]!,
    name: "faulty",
    seeds: () => [new Uint8Array(4)],
    read,
  });
  const told = async (read: Target["read"]) => (await execute(targetOf(read), new Uint8Array(4)))?.what;

  test("an error without a code, and no error that has one", async () => {
    expect(await told(() => JSON.parse("{"))).toMatch(/^uncoded: SyntaxError/);
    expect(
      await told(() => {
        throw new CoinageError("USAGE", "odd");
      }),
    ).toBeUndefined();
  });

  test.each([[[-1]], [[Number.NaN, 2]], [[0.5]]])("the shape %j", async (shape) => {
    expect(await told(() => new Map([["a", { shape }]]))).toMatch(/^the shape/);
  });

  test("an object whose prototype came with the input", async () => {
    expect(await told(() => [Object.create({ from: "input" })])).toMatch(/prototype/);
  });

  test("the same number gives the same input", () => {
    const [target] = targets;
    const seeds = target!.seeds();
    expect(inputOf(target!, seeds, 1, 5)).toEqual(inputOf(target!, seeds, 1, 5));
    expect(inputOf(target!, seeds, 1, 5)).not.toEqual(inputOf(target!, seeds, 1, 6));
  });
});
