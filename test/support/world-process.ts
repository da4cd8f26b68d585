// A process that starts a cluster and waits to be killed: see the cluster's integration test.
import { prepareGround, startCluster } from '../../sandbox/cluster/index.ts';

const [directory, nodes] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: world-process.ts DIRECTORY real|simulated');
const ground = await prepareGround({ nodes: nodes === 'real' ? 'real' : 'simulated', environment: {} });
await startCluster({ name: 'doomed', ground, directory });
console.log(ground.nodes === 'real' ? ground.bridge.name : 'loopback');
