import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { version } from "../assets/index.ts";
import { CoinageError } from "../errors/index.ts";
import { makeFolder, reasonOf, takeLock } from "../files/index.ts";
import { studioApp } from "./app.ts";
import { Checker } from "./checking/checker.ts";
import { rootsOf } from "./disk/folders.ts";
import { ModelLibrary } from "./disk/library.ts";
import { Trash } from "./disk/trash.ts";
import { Drafts } from "./drafts/store.ts";
import { RunHistories } from "./runs/histories.ts";
import { RunListing } from "./runs/listing.ts";
import { Once } from "./runs/once.ts";
import { RunQueue } from "./runs/queue.ts";
import type { Caller } from "./runs/start.ts";
import { readStudioFile, writeStudioFile } from "./studio-file.ts";
import { goOn } from "./using/tries/routes.ts";
import { Tries } from "./using/tries/tries.ts";
import { readWaiting } from "./using/tries/waiting.ts";

interface StudioOptions {
  /** Folder of drafts and of studio.json. */
  readonly home: string;
  /** Folders that may be listed besides the user's home. */
  readonly roots: readonly string[];
  /** The first port to try; 0: any free one. */
  readonly port: number;
  /** Address to listen on instead of loopback. */
  readonly host?: string | undefined;
  /** Further accepted values of the Host header. */
  readonly allowedHosts: readonly string[];
  /** The command line that starts runs. */
  readonly caller: Caller;
  readonly report: (error: unknown) => void;
}

/** A running studio: in this process or, started earlier, in another. */
export interface Studio {
  readonly isNew: boolean;
  /** "http://127.0.0.1:7788/" */
  readonly address: string;
  readonly key: string;
  readonly port: number;
  /** Makes a ticket that opens the page once, for places that others may see, such as the arguments of a program. */
  readonly ticket: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts the studio of a home, or returns the one that is running already.
 *  @throws STUDIO_FILE_INVALID; SYSTEM_REFUSED if a host or a port cannot be listened on */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const { home, host, allowedHosts, report } = options;
  makeFolder(home);
  const lock = await takeLock(path.join(home, "studio.lock"));
  if ("heldBy" in lock) return runningStudio(home);
  try {
    const { key } = await readStudioFile(home);
    const waitingTries = path.join(home, "tries.json");
    const waiting = await readWaiting(waitingTries);
    const roots = rootsOf(options.roots);
    const checker = new Checker();
    const tickets = new Tickets();
    const end = new AbortController();
    const [trash, runs] = [new Trash(path.join(home, "trash")), path.join(home, "runs")];
    const listing = new RunListing(runs);
    const queue = new RunQueue({ listing, caller: options.caller, report });
    const parts = {
      version: await version(),
      roots,
      drafts: new Drafts(path.join(home, "drafts")),
      trash,
      ...{ listing, queue },
      models: new ModelLibrary(roots, checker),
      checker,
      runs,
      tries: new Tries({ listing, file: waitingTries, end: end.signal, report }),
      once: new Once(path.join(home, "answers.jsonl")),
      caller: options.caller,
      end: end.signal,
      makeTicket: () => tickets.make(),
      report,
    };
    const appAt = (port: number) =>
      studioApp(parts, { port, key, allowedHosts, useTicket: (ticket) => tickets.use(ticket) });
    const { servers, port } = await listen(options.port, host === undefined ? loopback : [host], appAt);
    await writeStudioFile(home, { schema: 1, key, port });
    await queue.look();
    goOn(waiting, parts, new RunHistories()).catch(report);
    trash.empty().catch(report);
    return {
      isNew: true,
      address: `http://127.0.0.1:${port}/`,
      key,
      port,
      ticket: async () => tickets.make(),
      async close() {
        queue.close();
        checker.close();
        end.abort();
        await Promise.all(servers.map(closed));
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** This machine only, over IPv4 and IPv6: `localhost` may mean either. */
const loopback = ["127.0.0.1", "::1"] as const;

/** The studio of another process, from its studio.json. */
async function runningStudio(home: string): Promise<Studio> {
  const { key, port } = await readStudioFile(home);
  if (port === undefined)
    throw new CoinageError("SYSTEM_REFUSED", "Another studio is just starting.", { hint: "Try again in a moment." });
  const address = `http://127.0.0.1:${port}/`;
  return {
    isNew: false,
    address,
    key,
    port,
    async ticket() {
      const headers = { authorization: `Bearer ${key}` };
      const answer = await fetch(`${address}api/tickets`, { method: "POST", headers });
      return ((await answer.json()) as { ticket: string }).ticket;
    },
    close: async () => {},
  };
}

/** Ports to try, one after another. */
const mostPorts = 20;

/** Listens on the first port that is free for all addresses: otherwise a browser that picks another address would reach another program. */
async function listen(
  first: number,
  hosts: readonly string[],
  appAt: (port: number) => Hono,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  for (let attempt = 0; ; attempt++) {
    const port = first === 0 ? await freePort(hosts[0]!) : first + attempt;
    const app = appAt(port);
    const servers: Server[] = [];
    try {
      for (const host of hosts) {
        const server = serverOf(app);
        if (await listening(server, port, host)) servers.push(server);
      }
      if (servers.length > 0) return { servers, port };
      throw new CoinageError("SYSTEM_REFUSED", `This machine has no address ${hosts.join(" or ")}.`, {
        where: "--host",
      });
    } catch (error) {
      await Promise.all(servers.map(closed));
      const isTaken = ["EADDRINUSE", "EACCES"].includes(reasonOf(error));
      if (!isTaken || attempt === mostPorts || first + attempt >= 65_535) throw error;
    }
  }
}

/** A server with a timeout of ten seconds for the headers of a request and ten minutes for all of it. */
function serverOf(app: Hono): Server {
  return createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 600_000 },
  }) as Server;
}

/** Whether it listens; false if this machine lacks the address, as without IPv6. @throws the system's own error */
function listening(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(reasonOf(error))) resolve(false);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => resolve(true));
  });
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await listening(server, 0, host);
  const { port } = server.address() as AddressInfo;
  await closed(server);
  return port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** How long a ticket is valid, in milliseconds: until the browser has started. */
const ticketMs = 60_000;

/** Tickets that open the page once. */
class Tickets {
  readonly #valid = new Map<string, number>();

  make(): string {
    const ticket = randomBytes(16).toString("base64url");
    this.#valid.set(ticket, performance.now() + ticketMs);
    return ticket;
  }

  use(ticket: string): boolean {
    const until = this.#valid.get(ticket);
    this.#valid.delete(ticket);
    return until !== undefined && performance.now() <= until;
  }
}
