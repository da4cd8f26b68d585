import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { PendingUpload, Step } from './step.ts';
import type { Artifact, Attachment, TaskRun, TestResults, UploadedFile } from './task-run.ts';

type Uploads = Pick<TaskRun, 'summaries' | 'attachments' | 'files' | 'artifacts' | 'testResults'>;

/**
 * Reads what the commands named, after the process has ended: what a task took away meanwhile is lost here as it is to
 * the agent. Files are sent unmasked, so a credential in one is a leak.
 */
export function collectUploads(step: Step): Uploads {
  const summaries: UploadedFile[] = [];
  const attachments: Attachment[] = [];
  const files: UploadedFile[] = [];
  const artifacts: Artifact[] = [];
  const testResults: TestResults[] = [];
  for (const upload of step.uploads) {
    if (!existsSync(upload.path)) {
      step.violate(`took away ${upload.path} before the agent could upload it`);
      continue;
    }
    if (upload.kind === 'artifact') {
      artifacts.push({ name: upload.name, folder: upload.type, files: readArtifact(step, upload) });
      continue;
    }
    const content = readFileSync(upload.path, 'utf8');
    refuseCredentials(step, upload.path, content);
    const { name, type } = upload;
    switch (upload.kind) {
      case 'summary':
        summaries.push({ name, content });
        break;
      case 'attachment':
        attachments.push({ type, name, content });
        break;
      case 'file':
        files.push({ name, content });
        break;
      case 'testResults':
        if (!/<testsuites?[\s>]/.test(content))
          step.violate(`published ${upload.path}, which holds no test suite`);
        testResults.push({ type, title: name, name: basename(upload.path), content });
    }
  }
  return { summaries, attachments, files, artifacts, testResults };
}

function readArtifact(step: Step, { path }: PendingUpload): ReadonlyMap<string, Uint8Array> {
  const paths = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
    : [path];
  const files = new Map<string, Uint8Array>();
  for (const file of paths.filter((each) => statSync(each).isFile()).sort()) {
    const bytes = readFileSync(file);
    refuseCredentials(step, file, bytes.toString('utf8'));
    files.set(file === path ? basename(file) : relative(path, file), bytes);
  }
  return files;
}

/** Values too short to be told from ordinary words are let through. */
function refuseCredentials(step: Step, path: string, content: string): void {
  for (const secret of step.secrets) {
    if (secret.trim().length < 6) continue;
    const spellings = [secret.trim(), Buffer.from(secret).toString('base64'), encodeURIComponent(secret)];
    if (spellings.some((spelling) => content.includes(spelling))) {
      step.violate(`uploaded ${path} with a secret in it`);
      return;
    }
  }
}
