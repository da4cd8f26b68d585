import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** GET over TLS, trusting one authority; the body as text. */
export function fetchTrusting(ca: string): (url: string) => Promise<string> {
  return (url) =>
    new Promise((resolve, reject) => {
      request(url, { ca }, (answer) => {
        text(answer).then(resolve, reject);
      })
        .once('error', reject)
        .end();
    });
}
