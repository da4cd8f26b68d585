// The dependency rule of docs/architecture.md, as a check: data flows one way, decisions are pure, every remote
// system has one door. Type-only imports are told apart by tsPreCompilationDeps.
const onlyTypes = { dependencyTypesNot: ['type-only'] };

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-is-pure',
      comment: 'core/model imports itself and node:crypto only',
      severity: 'error',
      from: { path: '^core/model/' },
      to: { pathNot: ['^core/model/', '^(node:)?crypto$'] },
    },
    {
      name: 'operations-take-clients-as-types',
      comment: 'operations -> model; clients and render as types only',
      severity: 'error',
      from: { path: '^core/operations/' },
      to: { path: '^core/(clients|render)/', ...onlyTypes },
    },
    {
      name: 'operations-do-not-reach-out',
      comment: 'an operation opens nothing by itself: no host, no packages, no node I/O',
      severity: 'error',
      from: { path: '^core/operations/' },
      to: {
        path: [
          '^core/host/',
          '^node_modules/',
          '^(node:)?(fs|net|tls|https?|http2|child_process|dns|os)(/|$)',
        ],
        ...onlyTypes,
        pathNot: '^(node:)?child_process$',
      },
    },
    {
      name: 'operations-are-separate',
      comment: 'one operation never imports another',
      severity: 'error',
      from: { path: '^core/operations/([^/]+)/' },
      to: { path: '^core/operations/([^/]+)/', pathNot: '^core/operations/$1/' },
    },
    {
      name: 'clients-are-separate',
      comment: 'clients/<x> -> model, clients/http',
      severity: 'error',
      from: { path: '^core/clients/([^/]+)/' },
      to: {
        path: '^core/',
        pathNot: ['^core/model/', '^core/clients/http/', '^core/clients/$1/'],
        ...onlyTypes,
      },
    },
    {
      name: 'render-knows-model',
      severity: 'error',
      from: { path: '^core/render/' },
      to: { path: '^core/', pathNot: ['^core/model/', '^core/render/'] },
    },
    {
      name: 'host-knows-model',
      severity: 'error',
      from: { path: '^core/host/' },
      to: { path: '^core/', pathNot: ['^core/model/', '^core/host/'] },
    },
    {
      name: 'agent-sdk-in-host-only',
      comment:
        'importing azure-pipelines-task-lib empties process.env of inputs and secrets: one place, once',
      severity: 'error',
      from: { path: '^(core|tasks)/', pathNot: '^core/host/' },
      to: { path: 'azure-pipelines-task-lib' },
    },
    {
      name: 'tasks-are-separate',
      severity: 'error',
      from: { path: '^tasks/([^/]+)/' },
      to: { path: '^tasks/([^/]+)/', pathNot: '^tasks/$1/' },
    },
    {
      name: 'core-knows-no-task',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: '^(tasks|sandbox|scripts|test|bench|pipelines)/' },
    },
    {
      name: 'product-knows-no-sandbox',
      severity: 'error',
      from: { path: '^(core|tasks|extension)/' },
      to: { path: '^(sandbox|test|bench|scripts)/' },
    },
    {
      name: 'no-child-processes',
      comment: "only the gate's own command check starts a process",
      severity: 'error',
      from: { path: '^(core|tasks)/', pathNot: '^core/clients/command/' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'sockets-in-clients-only',
      severity: 'error',
      from: { path: '^(core|tasks)/', pathNot: '^core/clients/' },
      to: { path: '^(node:)?(net|tls|https?|http2|dgram)$', ...onlyTypes },
    },
    {
      name: 'sandbox-takes-product-values-only',
      comment: 'the local world may share the model and the report; never the clients it stands opposite to',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^core/', pathNot: ['^core/model/', '^core/report/'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-packages-in-product',
      severity: 'error',
      from: { path: '^(core|tasks)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], ...onlyTypes },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
