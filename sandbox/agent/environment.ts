import { delimiter } from 'node:path';
import type { ServiceConnection } from './service-connection.ts';
import type { Variable } from './variables.ts';

export interface ContractContents {
  /** The agent's own environment, which the process inherits. */
  readonly agent: Readonly<Record<string, string>>;
  /** The step's `env`, macros expanded. */
  readonly step: Readonly<Record<string, string>>;
  readonly variables: readonly Variable[];
  readonly inputs: ReadonlyMap<string, string>;
  /** Only those that the inputs name. */
  readonly connections: readonly ServiceConnection[];
  readonly system: { readonly url: string; readonly accessToken: string };
  readonly taskVariables: Readonly<Record<string, string>>;
  /** What earlier steps put before PATH, newest last. */
  readonly prependPath: readonly string[];
}

/** The environment that a task's process gets. Agent: Handler.cs and NodeHandler.cs, in their order. */
export function contractEnvironment(contents: ContractContents): Record<string, string> {
  const environment: Record<string, string> = { ...contents.agent, ...contents.step };
  addVariables(environment, contents.variables);
  for (const [name, value] of contents.inputs) environment[`INPUT_${mangle(name)}`] = value;
  for (const connection of contents.connections) addConnection(environment, connection);
  addSystemConnection(environment, contents.system);
  for (const [name, value] of Object.entries(contents.taskVariables)) {
    environment[`VSTS_TASKVARIABLE_${mangle(name)}`] = value;
  }
  if (contents.prependPath.length > 0) {
    const path = environment['PATH'] ?? '';
    environment['PATH'] = [...contents.prependPath]
      .reverse()
      .concat(path === '' ? [] : path)
      .join(delimiter);
  }
  environment['TF_BUILD'] = 'True';
  return environment;
}

/** `Build.BuildId` is BUILD_BUILDID. A `-` stays. Agent: VarUtil.cs, ConvertToEnvVariableFormat. */
export function mangle(name: string): string {
  return name.replaceAll('.', '_').replaceAll(' ', '_').toUpperCase();
}

function addVariables(environment: Record<string, string>, variables: readonly Variable[]): void {
  const names = (secret: boolean): string =>
    JSON.stringify(variables.filter((each) => each.secret === secret).map(({ name }) => name));
  for (const { name, value, secret } of variables) {
    if (name.toLowerCase() === 'agent.jobstatus') environment[name] = value;
    environment[secret ? `SECRET_${mangle(name)}` : mangle(name)] = value;
  }
  environment['VSTS_PUBLIC_VARIABLES'] = names(false);
  environment['VSTS_SECRET_VARIABLES'] = names(true);
}

function addConnection(environment: Record<string, string>, connection: ServiceConnection): void {
  const id = connection.id.toLowerCase();
  const { authorization, data = {} } = connection;
  environment[`ENDPOINT_URL_${id}`] = connection.url;
  addAuthorization(environment, id, authorization.scheme, authorization.parameters);
  environment[`ENDPOINT_DATA_${id}`] = JSON.stringify(data);
  for (const [key, value] of Object.entries(data)) environment[`ENDPOINT_DATA_${id}_${mangle(key)}`] = value;
}

/** It has the empty GUID for its id, so it goes by its name and passes no data. */
function addSystemConnection(
  environment: Record<string, string>,
  { url, accessToken }: ContractContents['system'],
): void {
  environment['ENDPOINT_URL_SYSTEMVSSCONNECTION'] = url;
  addAuthorization(environment, 'SYSTEMVSSCONNECTION', 'OAuth', { AccessToken: accessToken });
}

function addAuthorization(
  environment: Record<string, string>,
  id: string,
  scheme: string,
  parameters: Readonly<Record<string, string>>,
): void {
  environment[`ENDPOINT_AUTH_${id}`] = JSON.stringify({ parameters, scheme });
  environment[`ENDPOINT_AUTH_SCHEME_${id}`] = scheme;
  for (const [key, value] of Object.entries(parameters)) {
    environment[`ENDPOINT_AUTH_PARAMETER_${id}_${mangle(key)}`] = value;
  }
}
