/** The job's own connection to Azure DevOps, and which run this is. */
export interface SystemConnection {
  /** `https://dev.azure.com/contoso/`, always with its trailing slash. */
  readonly collectionUrl: string;
  /** The job's access token (the SystemVssConnection's). Scoped by the project's "Limit job authorization". */
  readonly accessToken: string;
  /** Where the run asks for an OIDC assertion; undefined on servers that do not federate. */
  readonly oidcRequestUri: string | undefined;
  readonly run: RunContext;
}

/** Which run, job and step this is: what a record, an annotation or a check's subject says of "who did it". */
export interface RunContext {
  readonly project: { readonly id: string; readonly name: string };
  /** `build` in YAML pipelines, deployment jobs included; `release` in classic releases. */
  readonly host: 'build' | 'release';
  readonly pipeline: { readonly id: string; readonly name: string };
  /** Build or release: its id, its number ("20250102.3") and its page. */
  readonly id: string;
  readonly number: string;
  readonly url: string;
  readonly stage: string | undefined;
  readonly job: string | undefined;
  /** 1 for the first attempt of the stage and the job. */
  readonly attempt: number;
  /** Azure DevOps's environment, in deployment jobs. */
  readonly environment: { readonly id: string | undefined; readonly name: string } | undefined;
  /** What was built, when the run has sources. */
  readonly source: SourceContext | undefined;
  readonly requestedFor: string | undefined;
  /** "Manual", "IndividualCI", "PullRequest", "ResourceTrigger"... */
  readonly reason: string | undefined;
  readonly pullRequestId: string | undefined;
}

export interface SourceContext {
  /** "TfsGit", "GitHub"... */
  readonly provider: string | undefined;
  readonly repository: string;
  readonly url: string | undefined;
  /** `refs/heads/main` */
  readonly ref: string | undefined;
  readonly commit: string;
}
