import { disallowed, registryError } from './acr-errors.ts';
import type { Access, AcrRegistry } from './acr-registry.ts';
import { instant, page } from './acr-paging.ts';
import { upstream } from './acr-upstream.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type Service } from './router.ts';

type Authorize = (exchange: Exchange, access: Access) => Promise<boolean>;

interface Item {
  readonly createdTime: string;
  readonly [name: string]: unknown;
}

/** ACR's own API beside OCI's: catalog, tags, manifests and their attributes (api-version 2021-07-01). */
export function createAcrApi(registry: AcrRegistry, authorize: Authorize): Service {
  const api = new AcrApi(registry);
  /** A route that wants these actions on the repository in its path. */
  const on = (
    methods: string,
    pattern: string,
    actions: readonly string[],
    handler: (exchange: Exchange, name: string, reference: string) => Promise<void>,
  ) =>
    route(methods, pattern, async (exchange, parameters) => {
      const name = parameter(parameters, 'name');
      if (!(await authorize(exchange, { type: 'repository', name, actions }))) return;
      await handler(exchange, name, parameters['reference'] ?? '');
    });
  return router(
    [
      route('GET', '/acr/v1/_catalog', async (exchange) => {
        if (await authorize(exchange, { type: 'registry', name: 'catalog', actions: ['*'] }))
          await api.catalog(exchange);
      }),
      on('GET', '/acr/v1/{name*}/_tags/{reference}', ['metadata_read'], api.tag),
      on('PATCH', '/acr/v1/{name*}/_tags/{reference}', ['metadata_write'], api.changeTag),
      on('DELETE', '/acr/v1/{name*}/_tags/{reference}', ['delete'], api.deleteTag),
      on('GET', '/acr/v1/{name*}/_tags', ['metadata_read'], api.tags),
      on('GET', '/acr/v1/{name*}/_manifests/{reference}', ['metadata_read'], api.manifest),
      on('PATCH', '/acr/v1/{name*}/_manifests/{reference}', ['metadata_write'], api.changeManifest),
      on('GET', '/acr/v1/{name*}/_manifests', ['metadata_read'], api.manifests),
      on('GET', '/acr/v1/{name*}', ['metadata_read'], api.repository),
      on('PATCH', '/acr/v1/{name*}', ['metadata_write'], api.changeRepository),
      on('DELETE', '/acr/v1/{name*}', ['delete'], api.deleteRepository),
    ],
    (exchange) => registryError(exchange, 404, 'NOT_FOUND', 'the page is not found'),
  );
}

class AcrApi {
  readonly #registry: AcrRegistry;

  constructor(registry: AcrRegistry) {
    this.#registry = registry;
  }

  async catalog(exchange: Exchange): Promise<void> {
    const all = await this.#registry.storage.repositories();
    const listed = all.filter((name) => this.#registry.attributes.get(name).listEnabled);
    const repositories = page(exchange, listed.map(named), 'name').map(({ name }) => name);
    await exchange.json(200, { repositories });
  }

  readonly repository = async (exchange: Exchange, name: string): Promise<void> => {
    const { storage, attributes } = this.#registry;
    const manifests = await storage.manifests(name);
    if (manifests.length === 0) return unknownRepository(exchange, name);
    const times = await Promise.all(manifests.map((digest) => storage.manifestTime(name, digest)));
    const known = times.filter((time) => time !== undefined).map((time) => time.getTime());
    await exchange.json(200, {
      ...this.#head(name),
      createdTime: instant(new Date(Math.min(...known))),
      lastUpdateTime: instant(new Date(Math.max(...known))),
      manifestCount: manifests.length,
      tagCount: (await storage.tags(name)).size,
      changeableAttributes: { ...attributes.get(name), teleportEnabled: false },
    });
  };

  readonly changeRepository = async (exchange: Exchange, name: string): Promise<void> => {
    const change = await exchange.jsonBody();
    if ((await this.#registry.storage.manifests(name)).length === 0) return unknownRepository(exchange, name);
    await this.#registry.attributes.update(name, change);
    await this.repository(exchange, name);
  };

  readonly deleteRepository = async (exchange: Exchange, name: string): Promise<void> => {
    const { storage, attributes } = this.#registry;
    const manifests = await storage.manifests(name);
    if (manifests.length === 0) return unknownRepository(exchange, name);
    const tags = [...(await storage.tags(name)).keys()];
    const keys = [
      name,
      ...manifests.map((digest) => `${name}@${digest}`),
      ...tags.map((tag) => `${name}:${tag}`),
    ];
    if (keys.some((key) => !attributes.get(key).deleteEnabled || !attributes.get(key).writeEnabled)) {
      return disallowed(exchange);
    }
    await storage.deleteRepository(name);
    for (const key of keys) await attributes.forget(key);
    await exchange.json(202, { manifestsDeleted: manifests, tagsDeleted: tags });
  };

  readonly tags = async (exchange: Exchange, name: string): Promise<void> => {
    const wanted = exchange.query.get('digest');
    const tags = await this.#registry.storage.tags(name);
    if (tags.size === 0 && (await this.#registry.storage.manifests(name)).length === 0) {
      return unknownRepository(exchange, name);
    }
    const items: Item[] = [];
    for (const [tag, digest] of tags) {
      if (wanted !== null && wanted !== digest) continue;
      if (this.#registry.attributes.get(`${name}:${tag}`).listEnabled)
        items.push(await this.#tagItem(name, tag, digest));
    }
    await exchange.json(200, { ...this.#head(name), tags: page(exchange, items, 'name') });
  };

  readonly tag = async (exchange: Exchange, name: string, tag: string): Promise<void> => {
    const digest = await this.#registry.storage.tag(name, tag);
    if (digest === undefined)
      return registryError(exchange, 404, 'TAG_UNKNOWN', 'the specified tag does not exist', { name, tag });
    await exchange.json(200, { ...this.#head(name), tag: await this.#tagItem(name, tag, digest) });
  };

  readonly changeTag = async (exchange: Exchange, name: string, tag: string): Promise<void> => {
    const change = await exchange.jsonBody();
    if ((await this.#registry.storage.tag(name, tag)) !== undefined) {
      await this.#registry.attributes.update(`${name}:${tag}`, change);
    }
    await this.tag(exchange, name, tag);
  };

  /** Untags: the manifest stays. */
  readonly deleteTag = async (exchange: Exchange, name: string, tag: string): Promise<void> => {
    const { attributes, storage, port } = this.#registry;
    if ((await storage.tag(name, tag)) === undefined) return this.tag(exchange, name, tag);
    const locks = [attributes.get(name), attributes.get(`${name}:${tag}`)];
    if (locks.some(({ deleteEnabled, writeEnabled }) => !deleteEnabled || !writeEnabled))
      return disallowed(exchange);
    const token = await this.#registry.internalToken({ type: 'repository', name, actions: ['delete'] });
    const answer = await upstream(port, {
      method: 'DELETE',
      path: `/v2/${name}/manifests/${tag}`,
      headers: { authorization: `Bearer ${token}` },
    });
    answer.resume();
    await attributes.forget(`${name}:${tag}`);
    await exchange.send(202, {});
  };

  readonly manifests = async (exchange: Exchange, name: string): Promise<void> => {
    const digests = await this.#registry.storage.manifests(name);
    if (digests.length === 0) return unknownRepository(exchange, name);
    const items: Item[] = [];
    for (const digest of digests) {
      const item = await this.#manifestItem(name, digest);
      if (item !== undefined && this.#registry.attributes.get(`${name}@${digest}`).listEnabled)
        items.push(item);
    }
    await exchange.json(200, { ...this.#head(name), manifests: page(exchange, items, 'digest') });
  };

  readonly manifest = async (exchange: Exchange, name: string, digest: string): Promise<void> => {
    const manifest = await this.#manifestItem(name, digest);
    if (manifest === undefined) {
      return registryError(exchange, 404, 'MANIFEST_UNKNOWN', `manifest ${digest} is not found`, {
        Name: name,
        Revision: digest,
      });
    }
    await exchange.json(200, { ...this.#head(name), manifest });
  };

  readonly changeManifest = async (exchange: Exchange, name: string, digest: string): Promise<void> => {
    const change = await exchange.jsonBody();
    if ((await this.#registry.storage.manifest(name, digest)) !== undefined) {
      await this.#registry.attributes.update(`${name}@${digest}`, change);
    }
    await this.manifest(exchange, name, digest);
  };

  #head(name: string): { registry: string; imageName: string } {
    return { registry: this.#registry.loginServer, imageName: name };
  }

  async #tagItem(name: string, tag: string, digest: string): Promise<Item> {
    const time = instant(await this.#registry.storage.tagTime(name, tag));
    return {
      name: tag,
      digest,
      createdTime: time,
      lastUpdateTime: time,
      signed: false,
      changeableAttributes: this.#registry.attributes.get(`${name}:${tag}`),
    };
  }

  async #manifestItem(name: string, digest: string): Promise<Item | undefined> {
    const { storage, attributes } = this.#registry;
    const bytes = await storage.manifest(name, digest);
    if (bytes === undefined) return undefined;
    const manifest = JSON.parse(bytes.toString()) as StoredManifest;
    const time = instant(await storage.manifestTime(name, digest));
    const tags = [...(await storage.tags(name))]
      .filter(([, target]) => target === digest)
      .map(([tag]) => tag);
    const parts = [manifest.config, ...(manifest.layers ?? [])].filter((part) => part !== undefined);
    return {
      digest,
      imageSize: parts.reduce((total, { size }) => total + size, 0),
      createdTime: time,
      lastUpdateTime: time,
      architecture: null,
      os: null,
      mediaType: manifest.mediaType,
      ...(manifest.config === undefined ? {} : { configMediaType: manifest.config.mediaType }),
      ...(tags.length === 0 ? {} : { tags }),
      ...(manifest.manifests === undefined
        ? {}
        : { references: manifest.manifests.map((child) => ({ digest: child.digest, ...child.platform })) }),
      changeableAttributes: { ...attributes.get(`${name}@${digest}`), quarantineState: 'Passed' },
    };
  }
}

interface StoredManifest {
  readonly mediaType?: string;
  readonly config?: { readonly mediaType: string; readonly size: number };
  readonly layers?: readonly { readonly size: number }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: Readonly<Record<string, unknown>>;
  }[];
}

function named(name: string): { name: string; createdTime?: string } {
  return { name };
}

async function unknownRepository(exchange: Exchange, name: string): Promise<void> {
  await registryError(exchange, 404, 'NAME_UNKNOWN', `repository "${name}" is not found`, { name });
}
