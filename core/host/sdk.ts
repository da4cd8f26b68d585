/**
 * The only file that imports the agent's SDK. Importing it moves every `INPUT_*`, `SECRET_*` and `ENDPOINT_AUTH_*` out of
 * `process.env` into its vault, so it must happen once per process; everything else here takes this interface.
 */
import * as tasklib from 'azure-pipelines-task-lib/task.js';

/** The agent's contract as the SDK reads and writes it. Names are case-insensitive; blank is undefined. */
export interface AgentSdk {
  input(name: string): string | undefined;
  variable(name: string): string | undefined;
  secretVariables(): readonly string[];
  endpoint(id: string): EndpointSource;
  /** The proxy for a URL, or for any URL when none is given; undefined when there is none or it is bypassed. */
  proxy(url?: string): SdkProxy | undefined;
  /** One logging command, escaped. */
  command(name: string, properties: Readonly<Record<string, string>>, data: string): void;
  /** Masks one line from now on. */
  setSecret(line: string): void;
  setOutput(name: string, value: string, secret: boolean): void;
}

export interface EndpointSource {
  readonly url: string | undefined;
  readonly scheme: string | undefined;
  parameter(key: string): string | undefined;
  data(key: string): string | undefined;
}

export interface SdkProxy {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export function openSdk(): AgentSdk {
  return {
    input: (name) => given(tasklib.getInput(name)),
    variable: (name) => given(tasklib.getVariable(name)),
    secretVariables: () =>
      tasklib
        .getVariables()
        .filter((variable) => variable.secret)
        .flatMap((variable) => given(variable.value) ?? []),
    endpoint: (id) => ({
      url: given(tasklib.getEndpointUrl(id, true)),
      scheme: given(tasklib.getEndpointAuthorizationScheme(id, true)),
      parameter: (key) => given(tasklib.getEndpointAuthorizationParameter(id, key, true)),
      data: (key) => given(tasklib.getEndpointDataParameter(id, key, true)),
    }),
    proxy: (url) => {
      const proxy = tasklib.getHttpProxyConfiguration(url);
      if (proxy === null) return undefined;
      return {
        url: proxy.proxyUrl,
        username: given(proxy.proxyUsername),
        password: given(proxy.proxyPassword),
      };
    },
    command: (name, properties, data) => {
      tasklib.command(name, properties, data);
    },
    setSecret: (line) => {
      tasklib.setSecret(line);
    },
    setOutput: (name, value, secret) => {
      tasklib.setVariable(name, value, secret, true);
    },
  };
}

function given(value: string | null | undefined): string | undefined {
  return value === null || value === undefined || value.trim() === '' ? undefined : value;
}
