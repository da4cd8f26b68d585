/** `npm run bench -- start`: how long each task takes from its start to its first request, bundled and not. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from '../scripts/bundle/checkout.ts';
import { buildTasks } from '../scripts/build.ts';

const connection = '5e47c000-0000-4000-8000-000000000001';

/** The same for all: a registry or an Azure connection whose first request meets the proxy. */
const inputsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'resolve-artifact': { containerRegistry: connection, images: 'a=shop/a:1', releaseName: '1' },
  'aks-deploy': {
    action: 'diff',
    manifests: 'settings.yaml',
    connectionType: 'azureResourceManager',
    azureSubscription: connection,
    azureResourceGroup: 'group',
    kubernetesCluster: 'cluster',
  },
};

/**
 * @param options how many starts of each; the median is printed. What an unbundled task pays is measured with the
 *   packages that the tasks use, loaded from node_modules.
 */
export async function run([count = '11']: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-start-'));
  const door = await openDoor();
  try {
    await writeFile(
      join(directory, 'settings.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
    );
    const nothing = await median(Number(count), () => timeOf(['-e', '0'], {}, directory, undefined));
    console.log(`${'node itself'.padEnd(42)} ${nothing.toFixed(0).padStart(5)} ms`);
    const bundles = await buildTasks(Object.keys(inputsOf));
    for (const { name, directory: task } of bundles) {
      const environment = contract(inputsOf[name] ?? {}, door, directory);
      const time = await median(Number(count), () =>
        timeOf([join(task, 'index.js')], environment, directory, door),
      );
      console.log(`${`${name}, to its first request`.padEnd(42)} ${time.toFixed(0).padStart(5)} ms`);
    }
    const packages = ['azure-pipelines-task-lib/task.js', '@azure/identity', '@kubernetes/client-node'];
    const load = packages.map((name) => `await import(${JSON.stringify(name)});`).join(' ');
    const unbundled = await median(Number(count), () =>
      // The SDK writes its key file there.
      timeOf(['--input-type=module', '-e', load], { AGENT_TEMPDIRECTORY: directory }, checkout, undefined),
    );
    console.log(
      `${'the SDKs unbundled, loaded and no more'.padEnd(42)} ${unbundled.toFixed(0).padStart(5)} ms`,
    );
  } finally {
    await new Promise((resolve) => door.server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  }
}

interface Door {
  readonly server: Server;
  readonly port: number;
  /** Called when somebody comes. */
  onCaller: () => void;
}

/** A proxy that opens to nobody: that a task has come is all that counts. */
async function openDoor(): Promise<Door> {
  const server = createServer((socket) => {
    door.onCaller();
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const door: Door = {
    server,
    port: (server.address() as AddressInfo).port,
    onCaller: () => undefined,
  };
  return door;
}

/** Milliseconds from the start of node to the first connection, or to its end where there is no door. */
function timeOf(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
  door: Door | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: 'ignore',
    });
    let arrived: number | undefined;
    if (door !== undefined) {
      door.onCaller = () => {
        arrived ??= performance.now() - start;
        child.kill('SIGKILL');
      };
    }
    child.once('error', reject);
    child.once('close', () => {
      const end = door === undefined ? performance.now() - start : arrived;
      if (end === undefined) reject(new Error(`${args.join(' ')} ended without a request`));
      else resolve(end);
    });
  });
}

async function median(count: number, measure: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < count; time += 1) times.push(await measure());
  return times.toSorted((one, other) => one - other)[Math.floor(count / 2)] ?? NaN;
}

/** As much of the agent's contract as the start of a task reads. */
function contract(
  inputs: Readonly<Record<string, string>>,
  { port }: Door,
  directory: string,
): Record<string, string> {
  const parameters = {
    tenantid: '72f988bf-0000-4000-8000-00000000c0de',
    serviceprincipalid: connection,
    authenticationType: 'spnKey',
    serviceprincipalkey: 'a-secret-of-a-bench',
    loginServer: 'contosononprod.azurecr.io',
  };
  const data = {
    subscriptionid: connection,
    ...('containerRegistry' in inputs ? { registrytype: 'ACR' } : { environment: 'AzureCloud' }),
  };
  const upper = (record: Readonly<Record<string, string>>, prefix: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(record).map(([key, value]) => [`${prefix}${key.toUpperCase()}`, value]),
    );
  return {
    ...upper(inputs, 'INPUT_'),
    INPUT_RELEASEFILE: 'action' in inputs ? '' : join(directory, 'release.json'),
    [`ENDPOINT_URL_${connection}`]: 'https://management.azure.com/',
    [`ENDPOINT_AUTH_${connection}`]: JSON.stringify({ scheme: 'ServicePrincipal', parameters }),
    [`ENDPOINT_AUTH_SCHEME_${connection}`]: 'ServicePrincipal',
    ...upper(parameters, `ENDPOINT_AUTH_PARAMETER_${connection}_`),
    ...upper(data, `ENDPOINT_DATA_${connection}_`),
    ENDPOINT_URL_SYSTEMVSSCONNECTION: 'https://dev.azure.com/contoso/',
    ENDPOINT_AUTH_SYSTEMVSSCONNECTION: JSON.stringify({
      scheme: 'OAuth',
      parameters: { AccessToken: 'a-token-of-a-bench' },
    }),
    ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION: 'OAuth',
    ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: 'a-token-of-a-bench',
    AGENT_PROXYURL: `http://127.0.0.1:${port}`,
    AGENT_TEMPDIRECTORY: directory,
    SYSTEM_DEFAULTWORKINGDIRECTORY: directory,
    SYSTEM_COLLECTIONURI: 'https://dev.azure.com/contoso/',
    SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: 'https://dev.azure.com/contoso/',
    SYSTEM_TEAMPROJECT: 'shop',
    SYSTEM_TEAMPROJECTID: '9a0e0000-0000-4000-8000-000000000001',
    SYSTEM_DEFINITIONID: '1',
    BUILD_DEFINITIONNAME: 'shop-cd',
    BUILD_BUILDID: '1',
    BUILD_BUILDNUMBER: '1',
    TF_BUILD: 'True',
  };
}
