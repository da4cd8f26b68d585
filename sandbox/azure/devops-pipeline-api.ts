import { organization } from '../names.ts';
import { approvalResource, type Decision } from './devops-approvals.ts';
import { runResource } from './devops-builds.ts';
import { listing, pipelineOf, runOf, type Answer, type On } from './devops-caller.ts';
import { devopsErrors } from './devops-errors.ts';
import type { DevOps } from './devops.ts';
import { parameter, type Route } from './router.ts';

const inProject = `/${organization.name}/{project}/_apis`;

/** `_apis/pipelines`: pipelines, their runs, and approvals. */
export function pipelineRoutes(on: On, devops: DevOps): Route[] {
  const approvals: Answer = async (_caller, exchange) => {
    const ids = (exchange.query.get('approvalIds') ?? '').split(',').filter(Boolean);
    const state = exchange.query.get('state');
    const found = devops.approvals.filter(
      ({ id, status }) => (ids.length === 0 || ids.includes(id)) && (state === null || state === status),
    );
    await listing(exchange, found.map(approvalResource));
  };

  const answerApprovals: Answer = async (caller, exchange) => {
    const answers = (await exchange.jsonBody()) as
      { approvalId?: string; status?: string; comment?: string }[] | undefined;
    const changed = (answers ?? []).map(({ approvalId, status, comment }) => {
      const approval = devops.approvals.find(({ id }) => id === approvalId);
      if (approval === undefined) throw devopsErrors.notFound(`The approval ${approvalId ?? ''}`);
      if (status !== 'approved' && status !== 'rejected')
        throw devopsErrors.invalid(`An approval can't become '${status ?? ''}'.`);
      const decision: Decision = status;
      const by = caller.request.requestedFor ?? 'Contoso Build Service';
      if (!approval.answer(decision, { by, ...(comment === undefined ? {} : { comment }) })) {
        throw devopsErrors.invalid(`The approval ${approval.id} has already been answered.`);
      }
      return approval;
    });
    await listing(exchange, changed.map(approvalResource));
  };

  const approval: Answer = async (_caller, exchange, parameters) => {
    const found = devops.approvals.find(({ id }) => id === parameter(parameters, 'approval'));
    if (found === undefined) throw devopsErrors.notFound('The approval');
    await exchange.json(200, approvalResource(found));
  };

  const pipelines: Answer = async (_caller, exchange) => {
    await listing(
      exchange,
      devops.pipelines.map(({ id, name }) => ({ id, name, folder: '\\', revision: 1 })),
    );
  };

  const pipeline: Answer = async (_caller, exchange, parameters) => {
    const { id, name } = pipelineOf(devops, parameters);
    await exchange.json(200, { id, name, folder: '\\', revision: 1, configuration: { type: 'yaml' } });
  };

  const runs: Answer = async (_caller, exchange, parameters) => {
    const { id } = pipelineOf(devops, parameters);
    const found = devops.runs.filter(({ pipeline }) => pipeline.id === id).reverse();
    await listing(exchange, found.map(runResource));
  };

  const queue: Answer = async (_caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as {
      resources?: { repositories?: { self?: { refName?: string; version?: string } } };
    };
    const self = body.resources?.repositories?.self;
    const run = await devops.startRun({
      pipeline: pipelineOf(devops, parameters).name,
      ...(self?.refName === undefined ? {} : { branch: self.refName }),
      ...(self?.version === undefined ? {} : { commit: self.version }),
    });
    devops.onQueued?.(run);
    await exchange.json(200, runResource(run));
  };

  const run: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, runResource(runOf(devops, parameters)));
  };
  return [
    on('GET', `${inProject}/pipelines/approvals`, approvals),
    on('PATCH', `${inProject}/pipelines/approvals`, answerApprovals),
    on('GET', `${inProject}/pipelines/approvals/{approval}`, approval),
    on('GET', `${inProject}/pipelines`, pipelines),
    on('GET', `${inProject}/pipelines/{pipeline}`, pipeline),
    on('GET', `${inProject}/pipelines/{pipeline}/runs`, runs),
    on('POST', `${inProject}/pipelines/{pipeline}/runs`, queue),
    on('GET', `${inProject}/pipelines/{pipeline}/runs/{build}`, run),
  ];
}
