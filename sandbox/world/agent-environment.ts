import type { Azure } from '../azure/azure.ts';
import type { Cluster } from '../cluster/index.ts';

/** What the machine of a self-hosted agent behind a corporate proxy has: its environment and its settings. */
export interface AgentMachine {
  readonly environment: Readonly<Record<string, string>>;
  /** `Agent.ProxyUrl` and what goes around it: job variables that the agent sets. */
  readonly variables: Readonly<Record<string, string>>;
}

export function agentMachine(azure: Azure, clusters: readonly Cluster[]): AgentMachine {
  const direct = clusters.map(({ server }) => escapeRegex(new URL(server).host));
  const passed = ['PATH', 'HOME', 'LANG', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    environment: { ...Object.fromEntries(passed), NODE_EXTRA_CA_CERTS: azure.caPath },
    variables: {
      'Agent.ProxyUrl': azure.proxyUrl,
      'Agent.ProxyBypassList': JSON.stringify(direct),
    },
  };
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
