import { errors } from 'jose';
import { organization, project } from '../names.ts';
import { DevOpsError, devopsErrors } from './devops-errors.ts';
import type { Pipeline, Run } from './devops-run.ts';
import type { DevOps } from './devops.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, type Route, type RouteParameters } from './router.ts';

/** Answers an authenticated request. The caller is the run whose job asks. */
export type Answer = (caller: Run, exchange: Exchange, parameters: RouteParameters) => Promise<void>;

/** Makes a route behind authentication; what its answer throws as a DevOpsError is answered as such. */
export type On = (methods: string, pattern: string, answer: Answer) => Route;

export function authenticated(devops: DevOps): On {
  return (methods, pattern, answer) =>
    route(methods, pattern, async (exchange, parameters) => {
      const caller = await authenticate(devops, exchange);
      if (caller === undefined) {
        const headers = {
          'www-authenticate': `Bearer, Basic realm="${organization.url}"`,
          'content-type': 'text/plain',
        };
        await exchange.send(401, headers, 'TF400813: The user is not authorized to access this resource.');
        return;
      }
      try {
        requireProject(parameters);
        await answer(caller, exchange, parameters);
      } catch (error) {
        if (!(error instanceof DevOpsError)) throw error;
        await refuse(exchange, error);
      }
    });
}

/** The run whose job token this is, as a bearer token or as the password of anyone. */
async function authenticate(devops: DevOps, exchange: Exchange): Promise<Run | undefined> {
  const token = exchange.bearer() ?? exchange.basic()?.password;
  if (token === undefined) return undefined;
  try {
    const { run } = await devops.key.verify(token, { issuer: 'app.vstoken.visualstudio.com' });
    const found = typeof run === 'number' ? devops.run(run) : undefined;
    if (found !== undefined) exchange.identity = `job of ${found.pipeline.name}`;
    return found;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function requireProject({ project: name }: RouteParameters): void {
  if (name === undefined || [project.id, project.name].includes(name.toLowerCase())) return;
  throw devopsErrors.noProject(name);
}

/** The run that `{build}` in the path names. @throws DevOpsError */
export function runOf(devops: DevOps, parameters: RouteParameters): Run {
  const id = parameter(parameters, 'build');
  const run = devops.run(Number(id));
  if (run === undefined) throw devopsErrors.noBuild(id);
  return run;
}

/** The pipeline that `{pipeline}` in the path names. @throws DevOpsError */
export function pipelineOf(devops: DevOps, parameters: RouteParameters): Pipeline {
  const id = parameter(parameters, 'pipeline');
  const pipeline = devops.pipelines.find((candidate) => String(candidate.id) === id);
  if (pipeline === undefined) throw devopsErrors.noPipeline(id);
  return pipeline;
}

export async function listing(exchange: Exchange, value: readonly unknown[]): Promise<void> {
  await exchange.json(200, { count: value.length, value });
}

export async function refuse(exchange: Exchange, error: DevOpsError): Promise<void> {
  await exchange.json(error.status, error.body());
}
