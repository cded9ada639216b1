/**
 * The parts of Deno and Bun that the adapters use, as structural types: no runtime's global stands
 * in a type position, so that the library type-checks anywhere.
 *
 * @module
 */

/** `Deno.NetAddr` or `Deno.UnixAddr`. */
export interface DenoAddress {
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
}

/** `Deno.Conn`. */
export interface DenoConnection {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  closeWrite(): Promise<void>;
  setNoDelay?(noDelay: boolean): void;
}

/** `Deno.Listener`. */
export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConnection>;
  close(): void;
}

/** `Deno`, as far as it is used. */
export interface DenoGlobal {
  listen(
    options: { hostname: string; port: number } | { transport: "unix"; path: string },
  ): DenoListener;
  connect(
    options:
      | { hostname: string; port: number; signal?: AbortSignal }
      | { transport: "unix"; path: string },
  ): Promise<DenoConnection>;
}

/** `Bun.Socket`. */
export interface BunSocket {
  data: unknown;
  readonly remoteAddress: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort: number;
  readonly fd?: number;
  write(bytes: Uint8Array): number;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): boolean;
}

/** The callbacks of `Bun.listen` and `Bun.connect`. */
export interface BunHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: unknown): void;
  error(socket: BunSocket, error: unknown): void;
  connectError?(socket: BunSocket, error: unknown): void;
  readonly binaryType: "uint8array";
}

/** `Bun.TCPSocketListener`. */
export interface BunListener {
  readonly hostname?: string;
  readonly port?: number;
  stop(closeActiveConnections?: boolean): void;
}

/** `Bun`, as far as it is used. */
export interface BunGlobal {
  allocUnsafe(bytes: number): Uint8Array;
  listen(
    options: ({ hostname: string; port: number } | { unix: string }) & { socket: BunHandlers },
  ): BunListener;
  connect(
    options: ({ hostname: string; port: number } | { unix: string }) & { socket: BunHandlers },
  ): Promise<BunSocket>;
}
