import { components } from '../../sandbox/build/components.ts';
import { namespace } from '../../sandbox/names.ts';
import type { World } from '../../sandbox/world.ts';
import type { Terminal } from './terminal.ts';

/** Says how to look at the world, and keeps it up until it is asked to stop. */
export async function keepUp(world: World, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { staging, production } = world.clusters;
  terminal.title('The world stays up. Look at it from another terminal:');
  const kubectl = staging.nodes === 'external' ? 'kubectl' : `${(await components(['world'])).world} kubectl`;
  for (const { name, kubeconfigPath } of [staging, production]) {
    terminal.line(`  # ${name}`);
    terminal.line(`  export KUBECONFIG=${kubeconfigPath}`);
    terminal.line(`  ${kubectl} --namespace ${namespace} get pods --output wide`);
    terminal.line(
      `  ${kubectl} --namespace ${namespace} get --raw /api/v1/namespaces/${namespace}/services/storefront:http/proxy/version`,
    );
  }
  terminal.line('  # the registries and the Azure facade, under their real names');
  terminal.line(
    `  curl --proxy ${world.azure.proxyUrl} --cacert ${world.azure.caPath} https://contosoprod.azurecr.io/v2/`,
  );
  terminal.title('Ctrl-C stops it and leaves nothing behind.');
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    // A process whose only hope is a signal would end by itself if nothing else kept it.
    const timer = setInterval(() => undefined, 1 << 30);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      resolve();
    });
  });
}
