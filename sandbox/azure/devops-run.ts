import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { organization, project } from '../names.ts';

export type RunResult = 'succeeded' | 'partiallySucceeded' | 'failed' | 'canceled';
export type ArtifactType = 'PipelineArtifact' | 'Container';

export interface Pipeline {
  readonly id: number;
  readonly name: string;
}

/** What a run consumed of another pipeline (`resources.pipelines` in YAML). */
export interface PipelineResource {
  readonly alias: string;
  readonly run: Run;
}

export interface RunRequest {
  /** The pipeline's name. */
  readonly pipeline: string;
  /** `refs/heads/main` when left out. */
  readonly branch?: string;
  readonly commit?: string;
  readonly reason?: 'manual' | 'individualCI' | 'pullRequest' | 'schedule' | 'resourceTrigger';
  /** The run's number (its name); date and sequence when left out. */
  readonly number?: string;
  readonly requestedFor?: string;
  readonly resources?: readonly PipelineResource[];
  /** Service connections that the pipeline may use; undefined is all. */
  readonly connections?: readonly string[];
}

export interface Artifact {
  readonly id: number;
  readonly name: string;
  readonly type: ArtifactType;
  readonly directory: string;
}

export interface Attachment {
  readonly type: string;
  readonly name: string;
  readonly content: Buffer;
  readonly recordId: string;
}

/** One run of a pipeline: what Azure DevOps keeps of it. */
export class Run {
  readonly id: number;
  readonly number: string;
  readonly pipeline: Pipeline;
  readonly request: RunRequest;
  readonly branch: string;
  readonly commit: string;
  readonly planId = randomUUID();
  readonly jobId = randomUUID();
  readonly timelineId = randomUUID();
  readonly queued = new Date();
  /** The job's token: `System.AccessToken`. */
  readonly accessToken: string;
  readonly tags = new Set<string>();
  readonly attachments: Attachment[] = [];
  readonly #directory: string;
  readonly #artifacts = new Map<string, Artifact>();
  #result: RunResult | undefined;
  #finished: Date | undefined;

  constructor(id: number, pipeline: Pipeline, request: RunRequest, accessToken: string, directory: string) {
    this.id = id;
    this.pipeline = pipeline;
    this.request = request;
    this.number = request.number ?? `${this.queued.toISOString().slice(0, 10).replaceAll('-', '')}.${id}`;
    this.branch = request.branch ?? 'refs/heads/main';
    this.commit = request.commit ?? '0'.repeat(40);
    this.accessToken = accessToken;
    this.#directory = directory;
  }

  /** The run's page. */
  get url(): string {
    return `${organization.url}${project.name}/_build/results?buildId=${this.id}`;
  }

  /** `System.OidcRequestUri`. */
  get oidcRequestUri(): string {
    return `${organization.url}${project.id}/_apis/distributedtask/hubs/build/plans/${this.planId}/jobs/${this.jobId}/oidctoken`;
  }

  get result(): RunResult | undefined {
    return this.#result;
  }

  get finished(): Date | undefined {
    return this.#finished;
  }

  get artifacts(): readonly Artifact[] {
    return [...this.#artifacts.values()];
  }

  artifact(name: string): Artifact | undefined {
    return this.#artifacts.get(name);
  }

  /** Keeps a copy of a folder, or of one file, as an artifact; more of the same name is added to it. */
  async publishArtifact(
    name: string,
    path: string,
    options: { type?: ArtifactType } = {},
  ): Promise<Artifact> {
    const artifact = this.#artifacts.get(name) ?? {
      id: this.#artifacts.size + 1,
      name,
      type: options.type ?? 'PipelineArtifact',
      directory: join(this.#directory, 'artifacts', name),
    };
    await mkdir(artifact.directory, { recursive: true });
    const isFolder = (await stat(path)).isDirectory();
    await cp(path, isFolder ? artifact.directory : join(artifact.directory, path.split(sep).at(-1) ?? name), {
      recursive: true,
    });
    this.#artifacts.set(name, artifact);
    return artifact;
  }

  async publishFiles(
    name: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    options: { type?: ArtifactType } = {},
  ): Promise<Artifact> {
    const staging = join(this.#directory, 'staging', randomUUID());
    for (const [path, content] of Object.entries(files)) {
      const file = join(staging, path);
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, content);
    }
    return this.publishArtifact(name, staging, options);
  }

  /** Copies an artifact's files into a folder. */
  async downloadArtifact(name: string, folder: string): Promise<void> {
    const artifact = this.#artifacts.get(name);
    if (artifact === undefined) throw new Error(`run ${this.id} has no artifact ${name}`);
    await mkdir(folder, { recursive: true });
    await cp(artifact.directory, folder, { recursive: true });
  }

  attach(attachment: { type: string; name: string; content: string | Uint8Array; recordId?: string }): void {
    const { type, name, content, recordId = this.jobId } = attachment;
    this.attachments.push({ type, name, content: Buffer.from(content), recordId });
  }

  addTag(tag: string): void {
    this.tags.add(tag);
  }

  complete(result: RunResult): void {
    this.#result = result;
    this.#finished = new Date();
  }
}

/** Paths of a folder's files below it, with `/`, sorted. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort();
}
