import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errors } from 'jose';
import { createAcrApi } from './acr-api.ts';
import type { Attributes } from './acr-attributes.ts';
import { challengeOf, realmHost } from './acr-challenge.ts';
import { dataLink } from './acr-data.ts';
import { disallowed, unauthorized } from './acr-errors.ts';
import { listReferrers, subjectOf } from './acr-referrers.ts';
import type { Access, AcrRegistry } from './acr-registry.ts';
import { nameOf, type AcrTokens } from './acr-token.ts';
import { forward, forwarded, upstream } from './acr-upstream.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type Handler, type Service } from './router.ts';
import type { Settings } from './settings.ts';

export interface FrontOptions {
  readonly registry: AcrRegistry;
  readonly tokens: AcrTokens;
  readonly settings: Settings;
}

/** The login server of one registry: Distribution's API with what Azure puts in front of it. */
export function createFront({ registry, tokens, settings }: FrontOptions): Service {
  const front = new Front(registry, tokens, settings);
  const api = createAcrApi(registry, (exchange, access) => front.authorize(exchange, access));
  const service = router(
    [
      route('POST', '/oauth2/exchange', (exchange) => tokens.exchange(exchange, registry)),
      route('GET POST', '/oauth2/token', (exchange) => tokens.token(exchange, registry)),
      route('GET HEAD', '/v2/{name*}/manifests/{reference}', front.readManifest),
      route('PUT', '/v2/{name*}/manifests/{reference}', front.writeManifest),
      route('DELETE', '/v2/{name*}/manifests/{reference}', front.deleteManifest),
      route('GET', '/v2/{name*}/referrers/{digest}', front.readReferrers),
      route('POST PUT PATCH DELETE', '/v2/{name*}/blobs/uploads/{upload*}', front.writeBlob),
      route('POST', '/v2/{name*}/blobs/uploads', front.writeBlob),
      route('GET', '/v2/{name*}/blobs/{digest}', front.readBlob),
      route('GET', '/v2/{name*}/tags/list', (exchange, parameters) =>
        front.pass(exchange, pull(parameter(parameters, 'name'))),
      ),
      route('GET', '/v2/_catalog', (exchange) =>
        front.pass(exchange, { type: 'registry', name: 'catalog', actions: ['*'] }),
      ),
      route('GET HEAD POST PUT PATCH DELETE', '/v2/{rest*}', (exchange) => front.pass(exchange)),
      route('GET HEAD', '/v2', (exchange) => front.pass(exchange)),
    ],
    api,
  );
  return async (exchange) => {
    exchange.response.setHeader('x-ms-correlation-request-id', randomUUID());
    exchange.response.setHeader('server', 'AzureContainerRegistry');
    await service(exchange);
  };
}

class Front {
  readonly #registry: AcrRegistry;
  readonly #tokens: AcrTokens;
  readonly #settings: Settings;

  constructor(registry: AcrRegistry, tokens: AcrTokens, settings: Settings) {
    this.#registry = registry;
    this.#tokens = tokens;
    this.#settings = settings;
  }

  /**
   * Whether the caller has this access; answers 401 itself when not. For what Distribution does not serve: it checks
   * its own requests.
   */
  async authorize(exchange: Exchange, wanted: Access): Promise<boolean> {
    const credential = await this.#credential(exchange, wanted);
    const token = /^Bearer (.+)$/.exec(credential ?? '')?.[1];
    const granted = token === undefined ? [] : await this.#accessOf(token);
    const hasAll = wanted.actions.every((action) =>
      granted.some(
        ({ type, name, actions }) => type === wanted.type && name === wanted.name && actions.includes(action),
      ),
    );
    if (hasAll) return true;
    const scope = `${wanted.type}:${wanted.name}:${wanted.actions.join(',')}`;
    const challenge = `${challengeOf(this.#registry, exchange, scope)}${token === undefined ? '' : ',error="insufficient_scope"'}`;
    const detail = wanted.actions.map((Action) => ({ Type: wanted.type, Name: wanted.name, Action }));
    await unauthorized(exchange, challenge, detail);
    return false;
  }

  /** To the registry process and back. */
  async pass(exchange: Exchange, wanted?: Access): Promise<void> {
    const authorization = await this.#credential(exchange, wanted);
    await this.#answer(exchange, await forward(exchange, this.#registry.port, { authorization }));
  }

  readonly readManifest: Handler = async (exchange, parameters) => {
    const [name, reference] = target(parameters);
    const digest = reference.includes(':') ? undefined : await this.#registry.storage.tag(name, reference);
    const keys = [name, keyOf(name, reference), keyOf(name, digest ?? reference)];
    if (!this.#allow('readEnabled', keys)) return disallowed(exchange);
    await this.pass(exchange, pull(name));
  };

  readonly writeManifest: Handler = async (exchange, parameters) => {
    const [name, reference] = target(parameters);
    const body = await exchange.bytes();
    const authorization = await this.#credential(exchange, push(name));
    // A tag's lock and its manifest's are two things: the tag of a locked manifest may move, a locked tag may not.
    if (!this.#allow('writeEnabled', [name, keyOf(name, reference)])) {
      // A lock is not told to those who may not push at all.
      if (await this.authorize(exchange, push(name))) await disallowed(exchange);
      return;
    }
    const answer = await forward(exchange, this.#registry.port, { authorization, body });
    const subject = subjectOf(body);
    const takes = answer.statusCode === 201 && this.#registry.settings.referrersApi;
    if (takes && subject !== undefined) exchange.response.setHeader('oci-subject', subject);
    await this.#answer(exchange, answer);
  };

  readonly deleteManifest: Handler = async (exchange, parameters) => {
    const [name, reference] = target(parameters);
    const access = { type: 'repository', name, actions: ['delete'] };
    // Tags go with their manifest: a lock on one holds it.
    const keys = [keyOf(name, reference), ...(await this.#tagsOf(name, reference))];
    const isDeletable =
      this.#allow('deleteEnabled', [name, ...keys]) && this.#allow('writeEnabled', [name, ...keys]);
    if (!isDeletable) {
      if (await this.authorize(exchange, access)) await disallowed(exchange);
      return;
    }
    const authorization = await this.#credential(exchange, access);
    const answer = await forward(exchange, this.#registry.port, { authorization });
    if (answer.statusCode === 202) for (const key of keys) await this.#registry.attributes.forget(key);
    await this.#answer(exchange, answer);
  };

  readonly readReferrers: Handler = async (exchange, parameters) => {
    const name = parameter(parameters, 'name');
    if (!this.#registry.settings.referrersApi) return this.pass(exchange, pull(name));
    if (!(await this.authorize(exchange, pull(name)))) return;
    await listReferrers(exchange, this.#registry, name, parameter(parameters, 'digest'));
  };

  readonly writeBlob: Handler = async (exchange, parameters) => {
    const name = parameter(parameters, 'name');
    const access = push(name);
    if (!this.#registry.attributes.get(name).writeEnabled) {
      if (await this.authorize(exchange, access)) await disallowed(exchange);
      return;
    }
    await this.pass(exchange, access);
  };

  readonly readBlob: Handler = async (exchange, parameters) => {
    const name = parameter(parameters, 'name');
    const digest = parameter(parameters, 'digest');
    const isDirect = exchange.host !== this.#registry.loginServer;
    if (isDirect || !this.#registry.settings.redirectBlobs) return this.pass(exchange, pull(name));
    const authorization = await this.#credential(exchange, pull(name));
    // Whether the blob is there, and may be read, is the registry's to say.
    const found = await upstream(this.#registry.port, {
      method: 'HEAD',
      path: `/v2/${name}/blobs/${digest}`,
      headers: {
        ...forwarded(exchange.request.headers),
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
    found.resume();
    if (found.statusCode !== 200) return this.pass(exchange, pull(name));
    const lifetime = this.#settings.dataLinkSeconds;
    await exchange.send(307, {
      location: dataLink(this.#registry, name, digest, lifetime),
      'docker-content-digest': digest,
      'docker-distribution-api-version': 'registry/2.0',
    });
  };

  #allow(attribute: keyof Attributes, keys: readonly string[]): boolean {
    return keys.every((key) => this.#registry.attributes.get(key)[attribute]);
  }

  /** Attribute keys of the tags that point at this digest. */
  async #tagsOf(name: string, digest: string): Promise<string[]> {
    const tags = await this.#registry.storage.tags(name);
    return [...tags].filter(([, target]) => target === digest).map(([tag]) => keyOf(name, tag));
  }

  /** What to send the registry process: the client's bearer token, or one made for the client's user name and password. */
  async #credential(exchange: Exchange, wanted: Access | undefined): Promise<string | undefined> {
    const bearer = exchange.bearer();
    if (bearer !== undefined) {
      exchange.identity = await this.#tokens.nameOfToken(bearer, this.#registry);
      // Distribution would take an expired token for another minute.
      return `Bearer ${(await this.#isExpired(bearer)) ? 'expired' : bearer}`;
    }
    const basic = exchange.basic();
    if (basic === undefined) return undefined;
    const caller = await this.#tokens.callerOfPassword(basic.username, basic.password, this.#registry);
    if (caller === undefined) return undefined;
    exchange.identity = nameOf(caller, this.#registry);
    const access = wanted === undefined ? [] : [this.#tokens.grant(caller, this.#registry, wanted)];
    return `Bearer ${await this.#registry.issue('', access, 60)}`;
  }

  async #isExpired(token: string): Promise<boolean> {
    try {
      await this.#registry.key.verify(token);
      return false;
    } catch (error) {
      return error instanceof errors.JWTExpired;
    }
  }

  async #accessOf(token: string): Promise<readonly Access[]> {
    try {
      const { access } = await this.#registry.key.verify(token, { audience: this.#registry.loginServer });
      return Array.isArray(access) ? (access as Access[]) : [];
    } catch {
      return [];
    }
  }

  async #answer(exchange: Exchange, answer: IncomingMessage): Promise<void> {
    const headers = forwarded(answer.headers);
    const realm = `https://${this.#registry.loginServer}/oauth2/token`;
    const challenge = answer.headers['www-authenticate'];
    if (challenge !== undefined) {
      const here = `https://${realmHost(this.#registry, exchange)}/oauth2/token`;
      headers['www-authenticate'] = challenge.replace(realm, here);
    }
    await exchange.send(answer.statusCode ?? 502, headers, answer);
  }
}

function target(parameters: Readonly<Record<string, string>>): [name: string, reference: string] {
  return [parameter(parameters, 'name'), parameter(parameters, 'reference')];
}

function keyOf(name: string, reference: string): string {
  return reference.includes(':') ? `${name}@${reference}` : `${name}:${reference}`;
}

function pull(name: string): Access {
  return { type: 'repository', name, actions: ['pull'] };
}

function push(name: string): Access {
  return { type: 'repository', name, actions: ['pull', 'push'] };
}
