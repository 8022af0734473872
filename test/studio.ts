import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { studioApp } from "../src/studio/app.ts";
import { Checker } from "../src/studio/checking/checker.ts";
import { ModelLibrary } from "../src/studio/disk/library.ts";
import { Trash } from "../src/studio/disk/trash.ts";
import { Drafts } from "../src/studio/drafts/store.ts";
import { csrfOf, type Keys } from "../src/studio/http/guards.ts";
import { RunListing } from "../src/studio/runs/listing.ts";
import { Once } from "../src/studio/runs/once.ts";
import { RunQueue } from "../src/studio/runs/queue.ts";
import { Tries } from "../src/studio/using/tries/tries.ts";

/** The command line from its source. */
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

const key = "a".repeat(43);

interface Asked {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON, unless it is bytes or a stream. */
  readonly body?: unknown;
}

/** The routes of a studio in its own folder, which is removed at the end of the test file. `root1` is an empty folder in it. */
export function studioRoutes({
  allowedHosts = [],
  leaveBytes,
}: {
  readonly allowedHosts?: readonly string[];
  readonly leaveBytes?: number;
} = {}) {
  const work = mkdtempSync(path.join(os.tmpdir(), "coinage-studio-"));
  const root = mkdtempSync(path.join(work, "root-"));
  const checker = new Checker();
  const end = new AbortController();
  afterAll(() => {
    queue.close();
    end.abort();
    checker.close();
    rmSync(work, { recursive: true, force: true });
  });
  const roots = [{ id: "root1", path: root }];
  const bugs: unknown[] = [];
  const tickets = new Set(["ticket"]);
  const keys: Keys = { port: 7788, key, allowedHosts, useTicket: (ticket) => tickets.delete(ticket) };
  const runs = path.join(work, "runs");
  const report = (error: unknown) => bugs.push(error);
  const caller = { command: process.execPath, words: ["--import", import.meta.resolve("tsx"), main] };
  const listing = new RunListing(runs);
  const queue = new RunQueue({ listing, caller, report });
  const parts = {
    ...{ version: "1.2.3", roots, checker, makeTicket: () => "ticket" },
    drafts: new Drafts(path.join(work, "drafts"), leaveBytes),
    trash: new Trash(path.join(work, "trash")),
    ...{ runs, listing, queue, caller, report },
    tries: new Tries({ listing, file: path.join(work, "tries.json"), end: end.signal, report }),
    once: new Once(path.join(work, "answers.jsonl")),
    end: end.signal,
    models: new ModelLibrary(roots, checker),
  };
  const app = studioApp(parts, keys);

  /** Sends a request as a program with the key; given headers win, and undefined removes one. */
  async function ask(method: string, target: string, { headers = {}, body }: Asked = {}): Promise<Response> {
    const isRaw = body instanceof Uint8Array || body instanceof ReadableStream;
    const usual = {
      host: "127.0.0.1:7788",
      authorization: `Bearer ${key}`,
      ...(body !== undefined && !isRaw && { "content-type": "application/json" }),
      ...(body instanceof Uint8Array && { "content-length": String(body.length) }),
    };
    const given = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined);
    const sent = isRaw || body === undefined ? body : JSON.stringify(body);
    return app.request(target, {
      method,
      headers: given as [string, string][],
      ...(sent !== undefined && { body: sent, duplex: "half" }),
    } as RequestInit);
  }

  const { drafts, tries } = parts;
  return { ask, bugs, work, root, key, csrf: csrfOf(key), drafts, tries, app, listing, queue, caller };
}

/** The code of the problem in an answer. */
export async function codeOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { problem?: { code: string } }).problem?.code;
}
