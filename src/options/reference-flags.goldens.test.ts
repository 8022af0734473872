import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { parseSettingsFile } from "./file/toml.ts";
import { checkTrainSettings } from "./train/check.ts";
import { parseTrainArguments } from "./train/request.ts";

interface Runs {
  readonly runs: readonly { readonly name: string; readonly args: readonly string[] }[];
}

describeGoldens("reference-run", (folder) => {
  test.each(readJson<Runs>(folder, "index.json").runs)(
    "the command line of $name is read and passes the checks",
    ({ args }) => {
      const name = parseTrainArguments(args).settings.configFile;
      const file =
        name === undefined ? undefined : parseSettingsFile(readFileSync(path.join(folder, name), "utf8"), name);
      const parsed = parseTrainArguments(args, file);
      expect(parsed.explicit).toEqual(new Set(args.filter((arg) => arg.startsWith("--")).map((arg) => arg.slice(2))));
      expect(file?.warnings ?? []).toEqual([]);
      expect(() => checkTrainSettings(parsed)).not.toThrow();
    },
  );
});
