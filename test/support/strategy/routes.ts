interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly [field: string]: unknown;
  };
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
/** Lists of a custom resource are one value to server-side apply unless their definition says otherwise. */
const list = { type: 'array', items: anything };

function definition(
  group: string,
  kind: string,
  plural: string,
  fields: Readonly<Record<string, unknown>>,
): Definition {
  const spec = { type: 'object', properties: fields };
  const status = anything;
  const names = { kind, plural, singular: kind.toLowerCase() };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // The API server keeps this group to approved definitions.
      ...(group.endsWith('.k8s.io')
        ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' } }
        : {}),
    },
    spec: {
      group,
      scope: 'Namespaced',
      names,
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
        },
      ],
    },
  };
}

/** The shapes of the routes as far as weights go: the projects' own definitions say much more about their fields. */
export const routeDefinitions = [
  definition('gateway.networking.k8s.io', 'HTTPRoute', 'httproutes', {
    parentRefs: list,
    hostnames: { type: 'array', items: { type: 'string' } },
    rules: list,
  }),
  definition('networking.istio.io', 'VirtualService', 'virtualservices', {
    hosts: { type: 'array', items: { type: 'string' } },
    gateways: { type: 'array', items: { type: 'string' } },
    http: list,
    tls: list,
    tcp: list,
  }),
] as const;

/** The author's own route to the Service `web`, for each that splits. */
export const routes = {
  gatewayApi: `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.contoso.example]
  rules:
  - backendRefs: [{name: web, port: 80}]
`,
  ingressNginx: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.contoso.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
`,
  istio: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [shop.contoso.example]
  http:
  - route:
    - destination: {host: web, port: {number: 80}}
`,
} as const;
