import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SandboxError } from '../errors.ts';

/** A bridge on this machine that the nodes of one world hang on, held until it is released or this process ends. */
export interface Bridge {
  readonly name: string;
  /** What nodes and pods reach this machine by. */
  readonly hostAddress: string;
  /** Addresses for one more cluster. */
  assign(): NodeNetwork;
  release(): Promise<void>;
}

/** The addresses of one cluster of a world. Each world has room for seven. */
export interface NodeNetwork {
  readonly bridge: string;
  /** Name of the node's interface on this machine. */
  readonly link: string;
  readonly address: string;
  readonly gateway: string;
  readonly pods: string;
  readonly services: string;
  /** The API server's, as Services have it. */
  readonly firstService: string;
  readonly dns: string;
  /** Of simulated nodes beside the real one: nobody routes there. */
  readonly simulatedPods: string;
}

/** Takes a free block of addresses; see sandbox/go/world/network_linux.go for how worlds keep out of each other's way. */
export async function reserveBridge(world: string): Promise<Bridge> {
  const child = spawn(world, ['network'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close');
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (first === undefined) {
    throw new SandboxError('NodesImpossible', `no network for nodes: ${stderr.trim()}`);
  }
  const slot = JSON.parse(String(first[0])) as { bridge: string; hostAddress: string };
  let assigned = 0;
  return {
    name: slot.bridge,
    hostAddress: slot.hostAddress,
    assign: () => nodeNetwork(slot.bridge, slot.hostAddress, assigned++),
    async release() {
      child.stdin.end();
      await ended;
    },
  };
}

function nodeNetwork(bridge: string, hostAddress: string, index: number): NodeNetwork {
  if (index > 6) throw new RangeError('a world has room for seven clusters');
  const [a = 0, b = 0, c = 0] = hostAddress.split('.').map(Number);
  const block = (number: number): string => `${a}.${b}.${c + number}`;
  return {
    bridge,
    link: `${bridge}n${index}`,
    address: `${block(0)}.${10 + index}`,
    gateway: hostAddress,
    pods: `${block(1 + 2 * index)}.0/24`,
    services: `${block(2 + 2 * index)}.0/24`,
    firstService: `${block(2 + 2 * index)}.1`,
    dns: `${block(2 + 2 * index)}.10`,
    simulatedPods: '10.200.0.0/16',
  };
}
