import { DeliveryError } from '../model/errors.ts';
import { parseAzureConnection } from './azure-connection.ts';
import { ConnectionSource } from './connection-source.ts';
import type {
  AzureResourceManagerConnection,
  ConnectionReader,
  ContainerRegistryConnection,
  KubernetesConnection,
} from './connections.ts';
import type { Inputs } from './inputs.ts';
import { parseKubernetesConnection } from './kubernetes-connection.ts';
import { neutralLine } from './neutral.ts';
import { parseRegistryConnection } from './registry-connection.ts';
import type { EndpointSource } from './sdk.ts';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Service connections over the agent's endpoints: see ConnectionReader. */
export class EndpointReader implements ConnectionReader {
  readonly #inputs: Inputs;
  readonly #endpoint: (id: string) => EndpointSource;
  readonly #keep: (secret: string) => void;

  /** @param keep registers a secret that the connection holds */
  constructor(inputs: Inputs, endpoint: (id: string) => EndpointSource, keep: (secret: string) => void) {
    this.#inputs = inputs;
    this.#endpoint = endpoint;
    this.#keep = keep;
  }

  azureResourceManager(input: string): AzureResourceManagerConnection {
    return parseAzureConnection(this.#find(input));
  }

  containerRegistry(input: string): ContainerRegistryConnection {
    return parseRegistryConnection(this.#find(input));
  }

  kubernetes(input: string): KubernetesConnection {
    return parseKubernetesConnection(this.#find(input));
  }

  /** The server turns the connection's name into its id before the run, and the agent passes it under the id. */
  #find(input: string): ConnectionSource {
    const value = this.#inputs.required(input);
    const id = value.toLowerCase();
    const source = this.#endpoint(id);
    if (source.url === undefined && source.scheme === undefined) {
      throw new DeliveryError(
        'ConnectionUnknown',
        `Input ${input}: the agent passed no service connection '${neutralLine(value)}'.`,
        {
          hint: guid.test(value)
            ? 'Check that the service connection still exists and that this pipeline is permitted to use it.'
            : 'Write the service connection by its name in the YAML itself: a name that comes from a variable set at ' +
              'run time cannot be authorized.',
        },
      );
    }
    return new ConnectionSource(input, id, source, this.#keep);
  }
}
