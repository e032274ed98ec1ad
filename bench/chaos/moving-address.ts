import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** An address that can be pointed elsewhere, as a floating IP or a proxy in front of a database does at a failover. */
export interface MovingAddress extends AsyncDisposable {
  port: number;
  /** New connections go to this port from now on; the old ones are cut. */
  moveTo(port: number): void;
}

export async function movingAddress(port: number): Promise<MovingAddress> {
  let target = port;
  const open = new Set<Socket>();
  const cutAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    moveTo(next) {
      target = next;
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
