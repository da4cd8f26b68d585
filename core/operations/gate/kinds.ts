import type { CheckKind } from './kind.ts';
import { http } from './kinds/http.ts';
import { job } from './kinds/job.ts';

/** Every kind of check there is: a new one is its file and its line here. */
export const kinds: readonly CheckKind[] = [http, job];
