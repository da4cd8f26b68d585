import { organization, project } from '../names.ts';

export interface PullRequestRequest {
  readonly title: string;
  /** `refs/heads/feature` */
  readonly sourceBranch: string;
  readonly targetBranch?: string;
}

interface Comment {
  readonly id: number;
  content: string;
  readonly publishedDate: string;
  readonly commentType: string;
  readonly author: { readonly displayName: string };
}

export interface Thread {
  readonly id: number;
  status: string;
  readonly publishedDate: string;
  readonly comments: Comment[];
  readonly properties?: unknown;
  readonly threadContext?: unknown;
}

/** What a client sends to begin a thread. */
export interface ThreadBody {
  readonly comments?: readonly { readonly content?: string; readonly commentType?: string }[];
  readonly status?: string;
  readonly properties?: unknown;
  readonly threadContext?: unknown;
}

/** A pull request with the two things a pipeline writes on it: threads and statuses. */
export class PullRequest {
  readonly id: number;
  readonly request: PullRequestRequest;
  readonly threads: Thread[] = [];
  readonly statuses: Record<string, unknown>[] = [];

  constructor(id: number, request: PullRequestRequest) {
    this.id = id;
    this.request = request;
  }

  resource(): unknown {
    return {
      pullRequestId: this.id,
      title: this.request.title,
      status: 'active',
      sourceRefName: this.request.sourceBranch,
      targetRefName: this.request.targetBranch ?? 'refs/heads/main',
      repository: { id: repositoryId, name: project.name, project: { id: project.id, name: project.name } },
      url: `${organization.url}${project.id}/_apis/git/repositories/${repositoryId}/pullRequests/${this.id}`,
    };
  }

  addThread(body: ThreadBody, author: string): Thread {
    const thread: Thread = {
      id: this.threads.length + 1,
      status: body.status ?? 'active',
      publishedDate: new Date().toISOString(),
      comments: [],
      ...(body.properties === undefined ? {} : { properties: body.properties }),
      ...(body.threadContext === undefined ? {} : { threadContext: body.threadContext }),
    };
    this.threads.push(thread);
    for (const comment of body.comments ?? []) addComment(thread, comment, author);
    return thread;
  }
}

export const repositoryId = '9e905170-0000-4000-8000-000000000001';

export function addComment(
  thread: Thread,
  comment: { content?: string; commentType?: string },
  author: string,
): Comment {
  const added: Comment = {
    id: thread.comments.length + 1,
    content: comment.content ?? '',
    publishedDate: new Date().toISOString(),
    commentType: comment.commentType ?? 'text',
    author: { displayName: author },
  };
  thread.comments.push(added);
  return added;
}
