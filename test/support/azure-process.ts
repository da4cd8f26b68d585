// A process that starts the local Azure and waits to be killed: see azure-end.test.ts.
import { createAuthority } from '../../sandbox/pki.ts';
import { startAzure } from '../../sandbox/azure/azure.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: azure-process.ts DIRECTORY');
const azure = await startAzure({ authority: await createAuthority('doomed'), directory });
console.log(azure.proxyUrl);
