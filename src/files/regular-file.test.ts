import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { limits } from "../budget/index.ts";
import { isDescriptorPath, readGivenTextFile, readRegularFile, readRegularTextFile } from "./index.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-regular-"));
afterAll(() => rmSync(work, { recursive: true }));

const at = (name: string): string => path.join(work, name);
const refusal = {
  code: "SETTINGS_FILE_INVALID",
  subject: "The file",
  where: "--config_file a",
  hint: "Look.",
} as const;
const read = (file: string): Promise<Uint8Array> => readRegularFile(file, "settingsFile", refusal);
const refused = (message: string) => expect.objectContaining({ ...withoutSubject, message });
const { subject: _, ...withoutSubject } = refusal;

test("a file is read whole, into its own memory", async () => {
  for (const size of [0, 1, 70_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    writeFileSync(at("bytes"), bytes);
    const found = await read(at("bytes"));
    expect(Buffer.compare(found, bytes)).toBe(0);
    expect(found.buffer.byteLength).toBe(size);
  }
  symlinkSync(at("bytes"), at("link"));
  expect((await read(at("link"))).length).toBe(70_000);
});

test("a text is UTF-8, and its byte order mark is dropped", async () => {
  writeFileSync(at("text"), "\uFEFFé");
  expect(await readRegularTextFile(at("text"), "settingsFile", refusal)).toBe("é");
  writeFileSync(at("text"), Buffer.from("\uFEFFseed", "utf16le"));
  await expect(readRegularTextFile(at("text"), "settingsFile", refusal)).rejects.toThrow(
    expect.objectContaining({
      ...withoutSubject,
      message: "The file is not UTF-8.",
      hint: expect.stringContaining("UTF-8"),
    }),
  );
});

describe("what cannot be read is refused at once, as its reader words it", () => {
  test("missing, or a folder", async () => {
    await expect(read(at("missing"))).rejects.toThrow(refused("The file cannot be read (it does not exist)."));
    await expect(read(work)).rejects.toThrow(refused("The file cannot be read (it is a folder, not a file)."));
  });

  test("over the limit", async () => {
    writeFileSync(at("long"), "");
    truncateSync(at("long"), limits.settingsFile.max + 1);
    await expect(read(at("long"))).rejects.toThrow(refused("The file asks for more than 16,777,216 bytes."));
  });

  test.skipIf(process.platform === "win32")("pipes and devices", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    await expect(read(at("pipe"))).rejects.toThrow(refused("The file cannot be read (it is a pipe, not a file)."));
    await expect(read("/dev/zero")).rejects.toThrow(refused("The file cannot be read (it is a device, not a file)."));
  });
});

describe.skipIf(process.platform === "win32")(
  "what the command line hands over is read, even if it is not a file",
  () => {
    /** Runs `use` with the path of a descriptor of the file. */
    async function withDescriptor<Result>(file: string, use: (handedOver: string) => Promise<Result>): Promise<Result> {
      const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return await use(`/dev/fd/${descriptor}`);
      } finally {
        closeSync(descriptor);
      }
    }
    const readGiven = (file: string) => readGivenTextFile(file, "settingsFile", refusal);
    const write = (script: string) => spawn("sh", ["-c", script, at("given")], { stdio: ["pipe", "pipe", "inherit"] });

    test("a pipe whose writer takes its time, and one whose writer is done", async () => {
      execFileSync("mkfifo", [at("given")]);
      await withDescriptor(at("given"), async (file) => {
        const late = write('exec 3> "$0"; echo opened; read go; printf "seed = " >&3; printf 1 >&3');
        await once(late.stdout, "data");
        const reading = readGiven(file);
        late.stdin.end("\n");
        expect(await reading).toBe("seed = 1");
        const done = write('printf "seed = 2" > "$0"');
        await once(done, "exit");
        expect(await readGiven(file)).toBe("seed = 2");
      });
      await expect(readGiven(at("given"))).rejects.toThrow(
        refused("The file cannot be read (it is a pipe, not a file)."),
      );
    });

    test("up to the limit, and no folder", async () => {
      await withDescriptor("/dev/zero", (file) =>
        expect(readGiven(file)).rejects.toThrow(refused("The file asks for more than 16,777,216 bytes.")),
      );
      await withDescriptor(work, (file) =>
        expect(readGiven(file)).rejects.toThrow(refused("The file cannot be read (it is a folder, not a file).")),
      );
    });

    test.each(["/dev/stdin", "/dev/fd/63", "/proc/self/fd/3", "/dev//fd/0"])("%s names such", (file) => {
      expect(isDescriptorPath(file)).toBe(true);
    });

    test.each(["/dev/fd", "/dev/zero", "/dev/fd/3/a", "/proc/1/fd/3", "dev/stdin"])("%s does not", (file) => {
      expect(isDescriptorPath(file)).toBe(false);
    });
  },
);

test.skipIf(process.platform !== "linux")("a file whose size the system does not tell is read to its end", async () => {
  expect((await read("/proc/self/status")).length).toBeGreaterThan(100);
});
