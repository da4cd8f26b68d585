import { join } from 'node:path';
import type { Agent, AgentLog } from './agent.ts';
import type { ConnectionReader } from './connections.ts';
import { EndpointReader } from './endpoint-reader.ts';
import { InputReader } from './input-reader.ts';
import type { Inputs } from './inputs.ts';
import { readProxy } from './proxy-reader.ts';
import type { ProxySettings } from './proxy.ts';
import { Publisher } from './publisher.ts';
import type { AgentSdk } from './sdk.ts';
import type { Secrets } from './secrets.ts';
import { readSystem } from './system-reader.ts';
import type { SystemConnection } from './system.ts';

/** What the process around the agent's contract gives. */
export interface Surroundings {
  readonly currentDirectory: string;
  readonly processId: number;
}

/** The agent of a running job over its SDK: see Agent. */
export class PipelineAgent implements Agent {
  readonly inputs: Inputs;
  readonly connections: ConnectionReader;
  readonly system: SystemConnection;
  readonly log: AgentLog;
  readonly proxy: ProxySettings | undefined;
  readonly tempDirectory: string;
  readonly workingDirectory: string;
  readonly signal: AbortSignal;
  readonly #sdk: AgentSdk;
  readonly #secrets: Secrets;
  readonly #publisher: Publisher;
  readonly #issues: string[] = [];

  /** @throws DeliveryError `ConnectionUnknown` outside of a job */
  constructor(
    sdk: AgentSdk,
    secrets: Secrets,
    log: AgentLog,
    surroundings: Surroundings,
    signal: AbortSignal,
  ) {
    this.#sdk = sdk;
    this.#secrets = secrets;
    this.log = log;
    this.signal = signal;
    this.workingDirectory = sdk.variable('System.DefaultWorkingDirectory') ?? surroundings.currentDirectory;
    this.tempDirectory = sdk.variable('Agent.TempDirectory') ?? this.workingDirectory;
    this.inputs = new InputReader((name) => sdk.input(name), this.workingDirectory);
    const keep = (secret: string): void => {
      this.#secrets.add(secret);
    };
    this.connections = new EndpointReader(this.inputs, (id) => sdk.endpoint(id), keep);
    for (const secret of sdk.secretVariables()) this.#secrets.addKnown(secret);
    this.system = readSystem((name) => sdk.variable(name), sdk.endpoint('SYSTEMVSSCONNECTION'));
    this.#secrets.addKnown(this.system.accessToken);
    this.proxy = readProxy(sdk);
    if (this.proxy?.password !== undefined) keep(this.proxy.password);
    const directory = join(this.tempDirectory, `aks-delivery-${surroundings.processId}`);
    this.#publisher = new Publisher(sdk, directory, (text) => this.redact(text));
  }

  /** Why the task is to succeed with issues; empty when it is not. */
  get issues(): readonly string[] {
    return this.#issues;
  }

  variable(name: string): string | undefined {
    return this.#sdk.variable(name);
  }

  setSecret(value: string): void {
    this.#secrets.add(value);
  }

  setOutput(name: string, value: string, options: { readonly secret?: boolean } = {}): void {
    if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name))
      throw new Error(`'${name}' is no name for an output variable`);
    if (options.secret === true && /[\r\n]/.test(value))
      throw new Error(`secret output ${name} has several lines`);
    if (options.secret === true) this.#secrets.add(value);
    this.#sdk.setOutput(name, value, options.secret === true);
  }

  addSummary(title: string, markdown: string): void {
    this.#publisher.summary(title, markdown);
  }

  attach(type: string, name: string, content: string): void {
    this.#publisher.attachment(type, name, content);
  }

  publishTestResults(file: string, options: { readonly title: string }): void {
    this.#publisher.testResults(file, options.title);
  }

  /** Only builds have tags; in a classic release the agent would fail the step for the command. */
  addBuildTag(tag: string): void {
    if (this.system.run.host === 'build') this.#publisher.buildTag(tag);
    else this.log.debug(`A release has no build tags: ${tag} is not set.`);
  }

  uploadArtifact(artifact: string, path: string): void {
    if (this.system.run.host === 'build') this.#publisher.artifact(artifact, path);
    else this.log.warning(`A classic release takes no artifacts: ${artifact} is not uploaded.`);
  }

  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  succeedWithIssues(message: string): void {
    this.log.warning(message);
    this.#issues.push(message);
  }
}
