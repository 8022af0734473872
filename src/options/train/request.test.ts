import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTrainRequest } from "./request.ts";

const needed = ["--pretrained_model_name_or_path", "m", "--token_string", "mycat", "--output_dir", "out"];
const pictures = ["--train_data_dir", "pictures", "--resolution", "512"];

describe("a train command line", () => {
  let folder: string;
  const at = (name: string): string => path.join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "coinage-options-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("is a run with its settings file below it", async () => {
    await writeFile(
      at("train.toml"),
      'train_data_dir = "pictures"\nresolution = 256\nseed = 5\nsave_model_as = "safetensors"\n',
    );
    for (const name of ["train.toml", "train"]) {
      const request = await readTrainRequest([...needed, "--config_file", at(name), "--seed", "6"]);
      expect(request).toMatchObject({
        kind: "train",
        settings: { resolution: [256, 256], seed: 6, saveModelAs: "safetensors" },
      });
    }
  });

  test("may ask for help", async () => {
    expect(await readTrainRequest(["--help"])).toEqual({ kind: "help" });
  });

  test("with --output_config writes the settings file once and trains nothing", async () => {
    const argv = [...pictures, "--output_config", "--config_file", at("new"), "--huggingface_token", "secret"];
    const request = await readTrainRequest(argv);
    expect(request).toMatchObject({ kind: "settingsWritten", file: at("new.toml") });
    expect(request).toMatchObject({
      warnings: expect.arrayContaining([expect.objectContaining({ option: "huggingface_token" })]),
    });
    const text = 'train_data_dir = "pictures"\nresolution = "512,512"\nhuggingface_token = "secret"\n';
    expect(await readFile(at("new.toml"), "utf8")).toBe(text);
    await expect(readTrainRequest(argv)).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    expect(await readFile(at("new.toml"), "utf8")).toBe(text);
  });

  test("with --output_config alone trains, and says that it wrote nothing", async () => {
    const request = await readTrainRequest([...needed, ...pictures, "--output_config"]);
    expect(request).toMatchObject({ kind: "train", warnings: [{ option: "output_config" }] });
  });

  test.skipIf(process.platform === "win32")(
    "with something else for a settings file does not wait for it",
    async () => {
      execFileSync("mkfifo", [at("pipe.toml")]);
      for (const flag of ["--config_file", "--log_tracker_config"])
        await expect(readTrainRequest([...needed, ...pictures, flag, at("pipe.toml")])).rejects.toMatchObject({
          code: "FILE_UNREADABLE",
          message: expect.stringContaining("it is a pipe"),
          where: `${flag} ${at("pipe.toml")}`,
        });
      await writeFile(at("utf16.toml"), Buffer.from("\uFEFFseed = 1", "utf16le"));
      await expect(readTrainRequest([...needed, "--config_file", at("utf16.toml")])).rejects.toMatchObject({
        code: "FILE_UNREADABLE",
        hint: expect.stringContaining("UTF-8"),
      });
    },
  );

  test("with the GUI's own JSON for a settings file says what is wanted", async () => {
    await writeFile(at("gui.json"), "{}");
    await expect(readTrainRequest([...needed, "--config_file", at("gui.json")])).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      hint: expect.stringContaining("end in .toml"),
    });
  });

  test("with a settings file that is not there says where it was looked for", async () => {
    await expect(readTrainRequest(["--config_file", at("no.toml")])).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    // extensions are case-sensitive: x.TOML is no settings file for sd-scripts
    await expect(readTrainRequest(["--config_file", at("train.TOML")])).rejects.toThrow("train.TOML.toml");
  });

  test("with settings of trackers reads them, and says that they do nothing", async () => {
    const request = (file: string) => readTrainRequest([...needed, ...pictures, "--log_tracker_config", file]);
    await writeFile(at("trackers.toml"), '[wandb]\nname = "cats"\n');
    await writeFile(at("broken.toml"), "[wandb]\nname = cats\n");
    expect(await request(at("trackers.toml"))).toMatchObject({ warnings: [{ option: "log_tracker_config" }] });
    await expect(request(at("no.toml"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(request(at("broken.toml"))).rejects.toMatchObject({
      code: "SETTINGS_FILE_INVALID",
      where: expect.stringContaining("line 2"),
    });
  });

  test("for a plan needs no output folder", async () => {
    const request = await readTrainRequest([...needed.slice(0, 4), ...pictures], "plan");
    expect(request).toMatchObject({ kind: "train", settings: { outputDir: "." } });
  });
});
