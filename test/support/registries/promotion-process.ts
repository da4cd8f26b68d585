/** A promotion in a process of its own, to be killed: node promotion-process.ts FROM TO REPOSITORY DIGEST MEDIA-TYPE */
import { systemClock } from '../../../core/clients/http/system-clock.ts';
import { promoteWith, promotionRequest } from './promotion-fixture.ts';

const [from = '', to = '', repository = '', digest = '', mediaType = ''] = process.argv.slice(2);
const image = { root: { digest, mediaType, bytes: Buffer.alloc(0) }, manifests: [], blobs: [] };
const request = promotionRequest(from, to, [{ name: 'image', repository, image }], { concurrency: 3 });
console.log('begun');
await promoteWith(request, systemClock);
console.log('done');
