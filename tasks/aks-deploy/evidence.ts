import { HttpClient } from '../../core/clients/http/client.ts';
import { systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import type { Deadline } from '../../core/model/ports.ts';
import { withOverrides, type DeployedImage } from '../../core/model/release.ts';
import { requireEvidence } from '../evidence.ts';
import { openRegistries } from '../registry-access.ts';
import type { DeployInputs } from './inputs.ts';

/**
 * Proves that the images may run here, from what lies beside them in the registry that the cluster pulls from.
 * @returns the inputs, with whatever was overridden in the record
 * @throws DeliveryError `EvidenceMissing`
 */
export async function proveImages(
  agent: Agent,
  inputs: DeployInputs,
  images: readonly DeployedImage[],
  deadline: Deadline,
): Promise<DeployInputs> {
  if (inputs.evidence.rules.length === 0) return inputs;
  const connections = [inputs.evidenceRegistry, inputs.pullRegistry].filter(
    (connection) => connection !== undefined,
  );
  const http = new HttpClient({ clock: systemClock, deadline, proxy: agent.proxy });
  const action = `deployment to ${inputs.environment ?? 'the cluster'}`;
  const registry = openRegistries(agent, http, connections);
  const { overrides } = await requireEvidence(agent, inputs.evidence, images, registry, action);
  return inputs.release === undefined
    ? inputs
    : { ...inputs, release: withOverrides(inputs.release, overrides) };
}
