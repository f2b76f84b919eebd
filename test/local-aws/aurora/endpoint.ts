// A cluster's endpoint: a port that belongs to an identifier, and leads to whichever server has that name now.
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../host/ports";

export class Endpoint {
  private server?: Server;
  private target = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(readonly port: number) {}

  static async reserve(): Promise<Endpoint> {
    return new Endpoint(await freePort());
  }

  /** Connections are let in and lead to the server at `port`. */
  async open(port: number): Promise<void> {
    if (this.server && this.target === port) return;
    await this.close();
    this.target = port;
    const server = createServer((client) => this.join(client));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
  }

  /** Connections are dropped, and new ones refused, as when a cluster is renamed, deleted or without instances. */
  async close(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const database = connect(this.target, "127.0.0.1");
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
