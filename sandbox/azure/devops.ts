import { join } from 'node:path';
import { organization, pipelines } from '../names.ts';
import { Approval, type ApprovalRequest } from './devops-approvals.ts';
import { PullRequest, type PullRequestRequest } from './devops-git.ts';
import { Run, type Pipeline, type RunRequest } from './devops-run.ts';
import { seconds, type SigningKey } from './tokens.ts';

/** Whose OIDC tokens they are: the form that service connections made before 2025 have. */
export const devopsIssuer = `https://vstoken.dev.azure.com/${organization.id}`;

/** The Azure DevOps organization as its owner uses it; devops-api.ts is how clients see it. */
export class DevOps {
  readonly organizationUrl = organization.url;
  readonly key: SigningKey;
  readonly pipelines: Pipeline[] = Object.values(pipelines).map(({ id, name }) => ({ id, name }));
  readonly runs: Run[] = [];
  readonly approvals: Approval[] = [];
  readonly pullRequests: PullRequest[] = [];
  /** Called when a client queues a run over REST. */
  onQueued: ((run: Run) => void) | undefined;
  readonly #directory: string;

  constructor(key: SigningKey, directory: string) {
    this.key = key;
    this.#directory = directory;
  }

  createPipeline(name: string): Pipeline {
    const pipeline = { id: this.pipelines.length + 1, name };
    this.pipelines.push(pipeline);
    return pipeline;
  }

  /** Queues and starts a run. It is under way until `complete` is called on it. */
  async startRun(request: RunRequest): Promise<Run> {
    const pipeline = this.pipelines.find(({ name }) => name === request.pipeline);
    if (pipeline === undefined) throw new Error(`no pipeline is called ${request.pipeline}`);
    const id = this.runs.length + 1;
    const now = seconds();
    const accessToken = await this.key.sign({
      iss: 'app.vstoken.visualstudio.com',
      aud: `app.vstoken.visualstudio.com|vso:${organization.id}`,
      scp: 'app_token',
      run: id,
      nbf: now,
      exp: now + 24 * 3600,
    });
    const run = new Run(id, pipeline, request, accessToken, join(this.#directory, 'runs', String(id)));
    this.runs.push(run);
    return run;
  }

  run(id: number): Run | undefined {
    return this.runs.find((run) => run.id === id);
  }

  requestApproval(request: ApprovalRequest): Approval {
    const approval = new Approval(request);
    this.approvals.push(approval);
    return approval;
  }

  createPullRequest(request: PullRequestRequest): PullRequest {
    const pullRequest = new PullRequest(this.pullRequests.length + 1, request);
    this.pullRequests.push(pullRequest);
    return pullRequest;
  }
}
