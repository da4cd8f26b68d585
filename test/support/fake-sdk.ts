import type { AgentSdk, EndpointSource } from '../../core/host/sdk.ts';

export interface FakeEndpoint {
  readonly url?: string;
  readonly scheme?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** An endpoint as the SDK shows it: keys ignore case. */
export function fakeEndpoint(endpoint: FakeEndpoint = {}): EndpointSource {
  const lookup = (record: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
    Object.entries(record ?? {}).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  return {
    url: endpoint.url,
    scheme: endpoint.scheme,
    parameter: (key) => lookup(endpoint.parameters, key),
    data: (key) => lookup(endpoint.data, key),
  };
}

/** The agent's SDK over plain values; what is written through it can be read back. */
export class FakeSdk implements AgentSdk {
  readonly commands: { name: string; properties: Readonly<Record<string, string>>; data: string }[] = [];
  readonly masked: string[] = [];
  readonly outputs: { name: string; value: string; secret: boolean }[] = [];
  inputs: Readonly<Record<string, string>> = {};
  variables: Readonly<Record<string, string>> = {};
  secrets: readonly string[] = [];
  endpoints: Readonly<Record<string, FakeEndpoint>> = {
    SYSTEMVSSCONNECTION: {
      url: 'https://dev.azure.com/contoso/',
      scheme: 'OAuth',
      parameters: { AccessToken: 'job-token' },
    },
  };
  proxySettings: { url: string; username?: string; password?: string; bypass?: RegExp } | undefined;

  input(name: string): string | undefined {
    return this.inputs[name];
  }

  variable(name: string): string | undefined {
    return this.variables[name];
  }

  secretVariables(): readonly string[] {
    return this.secrets;
  }

  endpoint(id: string): EndpointSource {
    return fakeEndpoint(this.endpoints[id]);
  }

  proxy(url?: string): ReturnType<AgentSdk['proxy']> {
    const settings = this.proxySettings;
    if (settings === undefined || (url !== undefined && settings.bypass?.test(url) === true))
      return undefined;
    return { url: settings.url, username: settings.username, password: settings.password };
  }

  command(name: string, properties: Readonly<Record<string, string>>, data: string): void {
    this.commands.push({ name, properties, data });
  }

  setSecret(line: string): void {
    this.masked.push(line);
  }

  setOutput(name: string, value: string, secret: boolean): void {
    this.outputs.push({ name, value, secret });
  }
}
