/**
 * A network of namespaces: hosts with one cable each, and a router between them.
 *
 * Every host has an address of its own, 10.77.N.2, behind the router's 10.77.N.1. What gets lost is
 * lost in the router, where neither end can see it. Only namespaces that begin with this process's
 * own prefix are ever made, changed or removed.
 *
 * @module
 */

import { command } from "./command.ts";

/** A TCP flow, as its dialer sees it. */
export interface Flow {
  readonly dialer: { readonly hostname: string; readonly port: number };
  readonly acceptor: { readonly hostname: string; readonly port: number };
}

/** A host: an address, and a namespace that changes when the host reboots. */
export interface Host {
  readonly number: number;
  readonly address: string;
  /** The namespace of the kernel that runs now. */
  namespace: string;
}

const INTERFACE = "eth0";

/** The network of one scenario. Disposing of it removes every namespace. */
export class Network implements AsyncDisposable {
  readonly #prefix: string;
  readonly #router: string;
  readonly #namespaces: string[] = [];
  #kernels = 0;

  private constructor(prefix: string) {
    this.#prefix = prefix;
    this.#router = `${prefix}-router`;
  }

  /** @param name Tells the networks of one process apart. */
  static async make(name: string): Promise<Network> {
    const network = new Network(`freshlink-${Deno.pid}-${name}`);
    await network.#addNamespace(network.#router);
    await command(
      ...["ip", "netns", "exec", network.#router, "sh", "-c"] as const,
      "echo 1 > /proc/sys/net/ipv4/ip_forward",
    );
    return network;
  }

  /** A host that is switched on. */
  async addHost(number: number): Promise<Host> {
    const host = { number, address: `10.77.${number}.2`, namespace: this.#kernelName(number) };
    await this.#addNamespace(host.namespace);
    const cable = this.#cable(host);
    await command(
      ...["ip", "link", "add", "name", INTERFACE, "netns", host.namespace] as const,
      ...["type", "veth", "peer", "name", cable, "netns", this.#router],
    );
    await this.#atRouter("addr", "add", `10.77.${number}.1/24`, "dev", cable);
    await this.#atRouter("link", "set", cable, "up");
    await this.#bringUp(host);
    return host;
  }

  /** How to start a program on a host. */
  startedBy(host: Host): string[] {
    return ["ip", "netns", "exec", host.namespace];
  }

  /**
   * The host is gone at once, as when its power fails: its cable is taken away, so nothing that
   * its kernel still says reaches anybody. The processes are the caller's to end.
   */
  async crash(host: Host): Promise<void> {
    const dead = host.namespace;
    host.namespace = this.#kernelName(host.number);
    await this.#addNamespace(host.namespace);
    await command("ip", "-n", dead, "link", "set", INTERFACE, "netns", host.namespace);
  }

  /** The host that crashed is there again, with a kernel that knows nothing of before. */
  async boot(host: Host): Promise<void> {
    await this.#bringUp(host);
  }

  /** Pulls the cable out, or puts it in again. */
  async plug(host: Host, state: "up" | "down"): Promise<void> {
    await this.#atRouter("link", "set", this.#cable(host), state);
  }

  /** Loses what a flow's one end sends to the other from now on; nobody is told. */
  async lose(flow: Flow, sender: "dialer" | "acceptor"): Promise<void> {
    const [from, to] = sender === "dialer"
      ? [flow.dialer, flow.acceptor]
      : [flow.acceptor, flow.dialer];
    await this.#loseWhere(from.hostname, to.hostname, "sport", from.port, "dport", to.port);
  }

  /** A firewall: nobody at `from` can dial `to`; the other direction works. */
  async forbidDialling(from: Host, to: Host, port: number): Promise<void> {
    await this.#loseWhere(from.address, to.address, "dport", port);
  }

  /** Removes what this process made, whether all of it is there or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#namespaces.splice(0)) {
      await command("ip", "netns", "del", name).catch(() => {});
    }
  }

  async #loseWhere(from: string, to: string, ...ports: (string | number)[]): Promise<void> {
    await this.#atRouter(
      ...["rule", "add", "from", from, "to", to, "ipproto", "tcp"],
      ...ports.map(String),
      ...["type", "blackhole"],
    );
  }

  async #bringUp({ namespace, number, address }: Host): Promise<void> {
    const ip = (...args: string[]) => command("ip", "-n", namespace, ...args);
    await ip("link", "set", "lo", "up");
    await ip("addr", "add", `${address}/24`, "dev", INTERFACE);
    await ip("link", "set", INTERFACE, "up");
    await ip("route", "add", "default", "via", `10.77.${number}.1`);
  }

  async #atRouter(...args: readonly string[]): Promise<void> {
    await command("ip", "-n", this.#router, ...args);
  }

  async #addNamespace(name: string): Promise<void> {
    // Noted first: what was begun is removed too.
    this.#namespaces.push(name);
    await command("ip", "netns", "add", name);
  }

  #kernelName(number: number): string {
    return `${this.#prefix}-${number}-${++this.#kernels}`;
  }

  #cable(host: Host): string {
    return `host${host.number}`;
  }
}
