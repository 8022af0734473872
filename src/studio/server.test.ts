import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStudio, type Studio } from "./server.ts";

const home = mkdtempSync(path.join(os.tmpdir(), "coinage-server-"));
const options = {
  home,
  roots: [],
  port: 0,
  allowedHosts: [],
  caller: { command: "false", words: [] },
  report: () => {},
};
let studio: Studio;

beforeAll(async () => {
  studio = await openStudio(options);
});
afterAll(async () => {
  await studio.close();
  rmSync(home, { recursive: true, force: true });
});

/** Status and text of the answer to a request with exactly these headers. */
function asked(target: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port: studio.port, path: target, headers, setHost: false },
      (answer) => {
        let text = "";
        answer.on("data", (part) => {
          text += part;
        });
        answer.on("end", () => resolve({ status: answer.statusCode!, text }));
      },
    );
    request.on("error", reject).end();
  });
}

const bearer = () => `Bearer ${studio.key}`;
const host = () => `127.0.0.1:${studio.port}`;

test("the studio answers a program with its key, on this machine's own addresses alone", async () => {
  expect((await asked("/api/state", { host: host(), authorization: bearer() })).status).toBe(200);
  const others = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
  for (const { address } of others.filter(({ internal, family }) => !internal && family === "IPv4"))
    await expect(connected(address)).resolves.toBe(false);
});

test.each(["evil.example", "localhost.evil.example", "127.0.0.1", "0.0.0.0"])(
  "a forged Host, %s, is refused over a socket",
  async (name) => {
    const forged = name.startsWith("127") ? name : `${name}:${studio.port}`;
    expect((await asked("/api/state", { host: forged, authorization: bearer() })).status).toBe(403);
  },
);

test("no Host, two of them and an address in the place of a path get nothing", async () => {
  const lines = [
    ["GET /api/state HTTP/1.1"],
    ["GET /api/state HTTP/1.0"],
    ["GET /api/state HTTP/1.1", `Host: evil.example`, `Host: ${host()}`],
    [`GET http://${host()}/api/state HTTP/1.1`, "Host: evil.example"],
  ];
  for (const [first, ...more] of lines) {
    const answer = await spoken(
      [first!, ...more, `Authorization: ${bearer()}`, "Connection: close", "", ""].join("\r\n"),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(answer).not.toContain('"csrf"');
  }
});

test("started again, it is the one that runs, with a ticket for the browser", async () => {
  const second = await openStudio(options);
  expect(second).toMatchObject({ isNew: false, address: studio.address, key: studio.key, port: studio.port });
  const ticket = await second.ticket();
  expect(ticket).not.toContain(studio.key);
  const open = () => asked(`/?k=${ticket}`, { host: host(), "sec-fetch-site": "none" });
  expect((await open()).status).toBe(303);
  expect((await open()).status).toBe(401);
  await second.close();
  expect((await asked("/api/state", { host: host(), authorization: bearer() })).status).toBe(200);
});

test("what has the key is for its user alone", () => {
  const file = path.join(home, "studio.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ schema: 1, key: studio.key, port: studio.port });
  if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("the key survives a restart", async () => {
  const other = mkdtempSync(path.join(home, "other-"));
  const first = await openStudio({ ...options, home: other });
  await first.close();
  const second = await openStudio({ ...options, home: other });
  await second.close();
  expect(second.key).toBe(first.key);
});

test("where a port is taken, the next one is used", async () => {
  const other = mkdtempSync(path.join(home, "other-"));
  const beside = await openStudio({ ...options, home: other, port: studio.port });
  expect(beside.port).toBeGreaterThan(studio.port);
  await beside.close();
});

test("an upload that breaks off leaves nothing behind", async () => {
  const socket = net.connect(studio.port, "127.0.0.1");
  const head = ["PUT /api/drafts/broken1/pictures/a.jpg HTTP/1.1", `Host: ${host()}`, `Authorization: ${bearer()}`];
  socket.write([...head, "Content-Length: 1000000", "", "some bytes"].join("\r\n"));
  const incoming = path.join(home, "drafts", "broken1", "incoming");
  const count = () => {
    try {
      return readdirSync(incoming).length;
    } catch {
      return 0;
    }
  };
  await expect.poll(count, { timeout: 60_000 }).toBe(1);
  socket.destroy();
  await expect.poll(count, { timeout: 60_000 }).toBe(0);
});

function connected(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port: studio.port, host: address, timeout: 2000 });
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket
      .on("connect", () => end(true))
      .on("error", () => end(false))
      .on("timeout", () => end(false));
  });
}

/** The answer to raw bytes. */
function spoken(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(studio.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("close", () => resolve(text)).on("error", reject);
  });
}
