import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A TCP port in front of a socket that can fail as networks do. */
export class Relay {
  readonly #target: string;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Clients whose connections are dead although they have not been told. */
  readonly #silenced = new WeakSet<Socket>();
  readonly #server = createServer((client) => this.#accept(client));
  /** Holds everything back. */
  isStalled = false;
  /** Discards answers. */
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

  /** Breaks all connections in the middle of any transfer. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Discards all further answers on existing connections; new ones work. */
  silence(): void {
    for (const [client] of this.#pairs) this.#silenced.add(client);
  }

  #accept(client: Socket): void {
    const server = connect(this.#target);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    this.#pass(client, server, () => false);
    this.#pass(server, client, () => this.isDeafened || this.#silenced.has(client));
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
