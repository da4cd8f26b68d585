import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A mix as microservices have it: configuration, secrets, accounts, services, and Deployments of no pods. */
export async function sampleManifests(directory: string, count: number, namespace: string): Promise<string> {
  const documents = Array.from({ length: count }, (_, index) => sample(index, namespace));
  const file = join(directory, `${namespace}.yaml`);
  await writeFile(file, documents.join('---\n'));
  return file;
}

function sample(index: number, namespace: string): string {
  const metadata = (name: string): string =>
    `metadata: {name: ${name}-${index}, namespace: ${namespace}, labels: {app: a-${index}}}`;
  switch (index % 5) {
    case 0:
      return `apiVersion: v1\nkind: ConfigMap\n${metadata('config')}\ndata: {greeting: hello-${index}, mode: fast}\n`;
    case 1:
      return `apiVersion: v1\nkind: Secret\n${metadata('secret')}\nstringData: {password: p-${index}}\n`;
    case 2:
      return `apiVersion: v1\nkind: Service\n${metadata('service')}\nspec: {clusterIP: None, selector: {app: a-${index}}, ports: [{name: http, port: 80, targetPort: 8080}]}\n`;
    case 3:
      return `apiVersion: v1\nkind: ServiceAccount\n${metadata('account')}\n`;
    default:
      return `apiVersion: apps/v1
kind: Deployment
${metadata('web')}
spec:
  replicas: 0
  selector: {matchLabels: {app: a-${index}}}
  template:
    metadata: {labels: {app: a-${index}}}
    spec:
      containers:
      - name: app
        image: contoso.azurecr.io/shop/web@${digest}
        ports: [{containerPort: 8080}]
        env: [{name: A, value: b}]
        readinessProbe: {httpGet: {path: /, port: 8080}}
`;
  }
}
