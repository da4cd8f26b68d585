import type { KubernetesObject, ObjectReference } from '../../model/kubernetes-object.ts';
import type { Clock } from '../../model/ports.ts';
import { invalid } from './settings.ts';

/** The doors through which checks look at the world. A gate has those that its inputs gave it. */
export interface Tools {
  readonly clock: Clock;
  readonly http: HttpDoor;
  readonly cluster?: ClusterDoor;
  readonly command?: CommandDoor;
  readonly files?: FilesDoor;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most the first mebibyte. */
  readonly text: string;
}

/** Asks once: no retry, no redirect. What a check measures must not be mended on the way. */
export interface HttpDoor {
  /** @throws DeliveryError `Unreachable` when there is no answer */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

export interface ServiceAddress {
  readonly namespace: string;
  readonly name: string;
  /** A number or the port's name. */
  readonly port: string;
  readonly scheme: 'http' | 'https';
}

export interface ListRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The cluster, with the rights of the task's connection. Every failure is a DeliveryError. */
export interface ClusterDoor {
  /** Asks a Service through the API server's proxy: nothing need be exposed. `url` of the request is a path. */
  askService(service: ServiceAddress, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** Undefined when there is none. */
  read(reference: ObjectReference, signal: AbortSignal): Promise<KubernetesObject | undefined>;
  list(request: ListRequest, signal: AbortSignal): Promise<readonly KubernetesObject[]>;
  create(object: KubernetesObject, signal: AbortSignal): Promise<void>;
  /** With what it owns. Absent already is fine. */
  remove(reference: ObjectReference, signal: AbortSignal): Promise<void>;
  /** Line by line, from the first until the container ends. Lines are of outside origin. */
  followLog(
    container: { readonly namespace: string; readonly name: string; readonly container: string },
    signal: AbortSignal,
  ): AsyncIterable<string>;
}

export interface CommandRequest {
  readonly command:
    { readonly shell: string } | { readonly program: string; readonly args: readonly string[] };
  /** On top of the agent's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Relative to the task's own. */
  readonly workingDirectory: string | undefined;
}

/** Programs on the agent. */
export interface CommandDoor {
  /**
   * Runs it to its end. Aborted, it is killed with everything that it started.
   * @throws DeliveryError when it cannot be started; the signal's reason when it was aborted
   */
  run(
    request: CommandRequest,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number | undefined; readonly signal: string | undefined }>;
}

/** Files on the agent. */
export interface FilesDoor {
  /** The files that the patterns name, sorted by name. `since` leaves out what was last written before it. */
  find(
    patterns: readonly string[],
    since?: number,
  ): Promise<readonly { readonly name: string; readonly text: string }[]>;
}

type Door = Exclude<keyof Tools, 'clock' | 'http'>;

const remedies: Readonly<Record<Door, string>> = {
  cluster: 'Give the task a cluster: set connectionType and the inputs that belong to it.',
  command: 'Commands run on agents alone.',
  files: 'Files are read on agents alone.',
};

export type Need = Door;

/** @throws DeliveryError `ChecksInvalid` for a door that the task was not given */
export function door<Name extends Door>(tools: Tools, name: Name, check: string): NonNullable<Tools[Name]> {
  const found = tools[name];
  if (found !== undefined) return found;
  throw invalid(`${check} needs the ${name}, and the task was given none`, remedies[name]);
}
