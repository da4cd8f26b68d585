import { organization, project } from '../names.ts';
import { listing, type Answer, type On } from './devops-caller.ts';
import { devopsErrors } from './devops-errors.ts';
import { addComment as addCommentTo, type PullRequest, type Thread, type ThreadBody } from './devops-git.ts';
import type { Run } from './devops-run.ts';
import type { DevOps } from './devops.ts';
import { parameter, type Route, type RouteParameters } from './router.ts';

const inProject = `/${organization.name}/{project}/_apis`;
const pulls = `${inProject}/git/repositories/{repository}/pullRequests/{pull}`;

/** `_apis/git`: a pull request's threads and statuses. */
export function gitRoutes(on: On, devops: DevOps): Route[] {
  const pull: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, pullRequestOf(devops, parameters).resource());
  };

  const threads: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, pullRequestOf(devops, parameters).threads);
  };

  const addThread: Answer = async (caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as ThreadBody;
    await exchange.json(200, pullRequestOf(devops, parameters).addThread(body, authorOf(caller)));
  };

  const changeThread: Answer = async (_caller, exchange, parameters) => {
    const thread = threadOf(devops, parameters);
    const body = ((await exchange.jsonBody()) ?? {}) as { status?: string };
    if (body.status !== undefined) thread.status = body.status;
    await exchange.json(200, thread);
  };

  const addComment: Answer = async (caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as { content?: string };
    await exchange.json(200, addCommentTo(threadOf(devops, parameters), body, authorOf(caller)));
  };

  const statuses: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, pullRequestOf(devops, parameters).statuses);
  };

  const addStatus: Answer = async (_caller, exchange, parameters) => {
    const { statuses } = pullRequestOf(devops, parameters);
    const status = {
      id: statuses.length + 1,
      creationDate: new Date().toISOString(),
      ...((await exchange.jsonBody()) as object),
    };
    statuses.push(status);
    await exchange.json(200, status);
  };
  return [
    on('GET', `${inProject}/git/pullRequests/{pull}`, pull),
    on('GET', pulls, pull),
    on('GET', `${pulls}/threads`, threads),
    on('POST', `${pulls}/threads`, addThread),
    on('PATCH', `${pulls}/threads/{thread}`, changeThread),
    on('POST', `${pulls}/threads/{thread}/comments`, addComment),
    on('GET', `${pulls}/statuses`, statuses),
    on('POST', `${pulls}/statuses`, addStatus),
  ];
}

function pullRequestOf(devops: DevOps, parameters: RouteParameters): PullRequest {
  const id = parameter(parameters, 'pull');
  const pull = devops.pullRequests.find((candidate) => String(candidate.id) === id);
  if (pull === undefined) throw devopsErrors.notFound(`The pull request ${id}`);
  return pull;
}

function threadOf(devops: DevOps, parameters: RouteParameters): Thread {
  const id = parameter(parameters, 'thread');
  const thread = pullRequestOf(devops, parameters).threads.find((candidate) => String(candidate.id) === id);
  if (thread === undefined) throw devopsErrors.notFound(`The thread ${id}`);
  return thread;
}

function authorOf(caller: Run): string {
  return caller.request.requestedFor ?? `${project.name} Build Service (${organization.name})`;
}
