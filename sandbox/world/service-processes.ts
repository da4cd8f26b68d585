import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { SimulatedPod, Simulation } from '../cluster/index.ts';

/** An image of the sample application as this machine can run it without a container. */
export interface KnownService {
  /** The binary for this machine. */
  readonly binary: string;
  /** The folder that stands for the image's root: it holds etc/service. */
  readonly root: string;
  readonly fault: string | undefined;
}

/** Environment variables that the container would have. */
export type Settings = Readonly<Record<string, string>>;

/**
 * Stands in for containers where nodes are simulated: a pod whose image was built here is answered for by the very
 * service, run as a process of this machine.
 */
export class ServiceProcesses {
  readonly #directory: string;
  /** By the digest of the image's index. */
  readonly #known = new Map<string, KnownService>();
  readonly #running = new Set<ChildProcess>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  know(digest: string, service: KnownService): void {
    this.#known.set(digest, service);
  }

  async simulate(pod: SimulatedPod, settings: Settings): Promise<Simulation> {
    const image = pod.spec.containers[0]?.image ?? '';
    const [, digest = ''] = image.split('@');
    const service = this.#known.get(digest);
    // Jobs and whatever else a test brings do what the simulation's defaults are.
    if (service === undefined) return { state: 'running' };
    const logs = path.join(this.#directory, `${pod.metadata.name}.log`);
    if (service.fault === 'crash') {
      await this.#run(service, pod, settings, logs);
      return { state: 'crashing', logs };
    }
    const address = await this.#run(service, pod, settings, logs);
    if (address === undefined) return { state: 'crashing', logs };
    return { state: service.fault === 'not-ready' ? 'unready' : 'running', address, logs };
  }

  /** Resolves with the address, or undefined when the process ended first. */
  #run(
    service: KnownService,
    pod: SimulatedPod,
    settings: Settings,
    logs: string,
  ): Promise<string | undefined> {
    mkdirSync(this.#directory, { recursive: true });
    appendFileSync(logs, '');
    const child = spawn(service.binary, {
      env: { ...settings, SERVICE_ROOT: service.root, LISTEN: '127.0.0.1:0', POD_NAME: pod.metadata.name },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#running.add(child);
    return new Promise((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        appendFileSync(logs, `${line}\n`);
        const address = / listens on (\S+)$/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
      child.on('close', () => {
        this.#running.delete(child);
        resolve(undefined);
      });
    });
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running].map(
        (child) =>
          new Promise<void>((resolve) => {
            child.on('close', () => {
              resolve();
            });
            child.kill('SIGKILL');
          }),
      ),
    );
  }
}
