import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { fleet, shares, told } from "./fleet.ts";

const { redis, worker, train } = fleet();
const local = await train(undefined);

/** A TCP port in front of a socket, which can do what networks do. */
class Relay {
  readonly #target: string;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server = createServer((client) => this.#accept(client));
  /** Nothing goes through; it is kept back. */
  isStalled = false;
  /** Answers are thrown away. */
  isDeafened = false;
  delayMs = 0;

  static async open(target: string): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      relay.cut();
      relay.#server.close();
    });
    return relay;
  }

  private constructor(target: string) {
    this.#target = target;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Breaks all connections in the middle of whatever goes through. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    this.#pass(client, server, () => false);
    this.#pass(server, client, () => this.isDeafened);
    for (const socket of pair) {
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        server.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  #pass(from: Socket, to: Socket, isDropped: () => boolean): void {
    const kept: Buffer[] = [];
    const flush = () => {
      if (this.isStalled) return void setTimeout(flush, 50);
      for (const piece of kept.splice(0)) if (!to.destroyed) to.write(piece);
    };
    from.on("data", (piece: Buffer) => {
      if (isDropped()) return;
      kept.push(piece);
      if (this.delayMs > 0) setTimeout(flush, this.delayMs);
      else flush();
    });
  }
}

test("a network that delays, stalls, is cut in mid-frame and passes one direction alone costs time, and no bits", {
  timeout: 240_000,
}, async () => {
  const server = await redis();
  const [ours, theirs] = [await Relay.open(server.socket), await Relay.open(server.socket)];
  const one = worker(theirs.url);
  let isOver = false;
  const after = new Map<string, number>();
  const later = (milliseconds: number, what: () => void) => setTimeout(what, milliseconds);
  const shared = await train(ours.url, ["--max_train_steps", "60"], async (event) => {
    if (event.kind !== "step") return;
    if (event.step === 2) await one.says("ready");
    if (event.step === 4) [ours.delayMs, theirs.delayMs] = [200, 200];
    if (event.step === 7) [ours.delayMs, theirs.delayMs] = [0, 0];
    // in the middle of a step
    if (event.step === 9) later(10, () => theirs.cut());
    if (event.step === 11) later(10, () => ours.cut());
    if (event.step === 13) {
      ours.isStalled = true;
      later(3000, () => {
        ours.isStalled = false;
      });
    }
    if (event.step === 15) {
      theirs.isDeafened = true;
      later(8000, () => {
        theirs.isDeafened = false;
        theirs.cut();
        isOver = true;
      });
    }
    if (event.step === 17) {
      ours.isDeafened = true;
      later(7000, () => {
        ours.isDeafened = false;
      });
    }
    if (isOver) for (const { worker } of event.cluster!.results) after.set(worker, (after.get(worker) ?? 0) + 1);
    if (event.step > 20 && event.step < 58 && after.size < 2) await new Promise((resolve) => setTimeout(resolve, 300));
  });
  const expected = await train(undefined, ["--max_train_steps", "60"]);
  expect(shared.files).toEqual(expected.files);
  expect(expected.files).not.toEqual(local.files);
  expect(told(shared, "queueDown").length).toBeGreaterThan(0);
  expect(shares(shared).size).toBe(2);
  // the worker takes jobs again
  expect(after.size).toBe(2);
});
