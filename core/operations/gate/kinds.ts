import type { CheckKind } from './kind.ts';
import { command } from './kinds/command.ts';
import { http } from './kinds/http.ts';
import { job } from './kinds/job.ts';
import { junit } from './kinds/junit.ts';
import { prometheus } from './kinds/prometheus.ts';
import { workload } from './kinds/workload.ts';

/** Every kind of check there is: a new one is its file and its line here. */
export const kinds: readonly CheckKind[] = [http, job, command, junit, workload, prometheus];
