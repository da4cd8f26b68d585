import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { escape, type Command } from './command.ts';
import type { CommandHandler } from './command-handler.ts';
import { isVariableAllowed } from './restrictions.ts';
import { parseResult } from './step-result.ts';
import type { Step } from './step.ts';

/** The area `task`. Agent: TaskCommandExtension.cs. */
export const taskCommands: Readonly<Record<string, CommandHandler>> = {
  complete,
  debug: (step, { data }) => {
    step.log.debug(data);
  },
  setprogress: (step, { properties, data }) => {
    const value = Number(properties.get('value'));
    if (!Number.isInteger(value)) step.violate(`set the progress to ${properties.get('value') ?? 'nothing'}`);
    const percent = Number.isInteger(value) ? Math.min(Math.max(value, 0), 100) : 0;
    step.progress = { percent: Math.max(step.progress.percent, percent), operation: data };
  },
  logissue,
  issue: logissue,
  logdetail: (_step, { properties }) => {
    if (!properties.has('id'))
      throw new Error('Required field "id" is missing in ##vso[task.logdetail] command.');
  },
  setsecret: (step, { data }) => {
    if (/[\r\n]/.test(data))
      step.violate('set a secret of several lines, which no line of the log ever equals');
    step.addSecret(data);
  },
  setvariable,
  settaskvariable: (step, command) => {
    const name = command.properties.get('variable');
    if (name === undefined)
      throw new Error('Required field "variable" is missing in ##vso[task.settaskvariable] command.');
    const secret = isTrue(command.properties.get('issecret'));
    if (secret) {
      refuseLines(command.data);
      step.addSecret(command.data);
    }
    step.taskVariables.set(name, { value: command.data, secret });
  },
  prependpath: (step, { data }) => {
    if (!isVariableAllowed(step.definition.restrictions, 'PATH')) {
      step.log.warning('Setting variable PATH has been disabled by the task or build definition.');
      step.violate('changed PATH, which its own restrictions forbid');
      return;
    }
    if (data === '') throw new Error('prependpath has no path');
    const at = step.prependPath.indexOf(data);
    if (at >= 0) step.prependPath.splice(at, 1);
    step.prependPath.push(data);
  },
  uploadsummary: (step, { data }) => {
    requireFile(data, 'Cannot upload summary file, summary file location is not specified.');
    step.uploads.push({
      kind: 'summary',
      type: 'Distributedtask.Core.Summary',
      name: basename(data),
      path: data,
    });
  },
  uploadfile: (step, { data }) => {
    requireFile(data, 'Cannot upload task attachment file, attachment file location is not specified.');
    step.uploads.push({
      kind: 'file',
      type: 'Distributedtask.Core.FileAttachment',
      name: basename(data),
      path: data,
    });
  },
  addattachment: (step, { properties, data }) => {
    const type = properties.get('type');
    const name = properties.get('name');
    if (type === undefined) throw new Error("Can't add task attachment, attachment type is not provided.");
    if (name === undefined) throw new Error("Can't add task attachment, attachment name is not provided.");
    requireFileName(type);
    requireFileName(name);
    requireFile(
      data,
      `Cannot upload task attachment file, attachment file location is not specified or attachment file not exist on disk.`,
    );
    step.uploads.push({ kind: 'attachment', type, name, path: data });
  },
  setendpoint: (step, { properties, data }) => {
    const id = properties.get('id')?.toLowerCase();
    if (id === undefined || data === '') throw new Error('##vso[task.setendpoint] lacks id or value');
    if (!step.connections.some((connection) => connection.id.toLowerCase() === id)) {
      throw new Error(`The service connection ${id} is not declared by this step.`);
    }
    if (properties.get('field')?.toLowerCase() === 'authparameter') step.addSecret(data);
  },
};

function complete(step: Step, { properties, data }: Command): void {
  const text = properties.get('result');
  const result = text === undefined ? undefined : parseResult(text);
  if (result === undefined) throw new Error(`Command doesn't have valid result value: ${text ?? 'none'}`);
  step.complete(result);
  step.progress = { percent: 100, operation: data === '' ? step.progress.operation : data };
  if (isTrue(properties.get('done'))) step.done = true;
}

function logissue(step: Step, { properties, data }: Command): void {
  const type = properties.get('type')?.toLowerCase();
  if (type === undefined) {
    step.log.warning("Can't create TaskIssue from logging event.");
    step.violate('reported an issue without a type');
    return;
  }
  if (type !== 'error' && type !== 'warning')
    throw new Error(`issue type ${type} is not an expected issue type.`);
  const sourcePath = properties.get('sourcepath');
  const code = properties.get('code');
  const line = properties.get('linenumber');
  const column = properties.get('columnnumber');
  // "Program.cs(13,18): error CS1002: ; expected", with empty places for what is not given.
  const message =
    sourcePath === undefined
      ? data
      : `${sourcePath}(${line ?? ''},${column ?? ''}): ${type} ${code ?? ''}: ${data}`;
  step.log.issue({
    type,
    message,
    ...(code === undefined ? {} : { code }),
    ...(sourcePath === undefined ? {} : { sourcePath }),
    ...(line === undefined ? {} : { lineNumber: Number(line) }),
    ...(column === undefined ? {} : { columnNumber: Number(column) }),
  });
}

function setvariable(step: Step, { properties, data }: Command): void {
  const name = properties.get('variable');
  if (name === undefined)
    throw new Error('Required field "variable" is missing in ##vso[task.setvariable] command.');
  if (step.variables.isReadOnly(name)) {
    step.log.warning(
      `Overwriting readonly variable '${name}'. This behavior will be disabled in the future.`,
    );
    step.violate(`overwrote the read-only variable ${name}`);
  }
  const secret = isTrue(properties.get('issecret'));
  if (secret) {
    refuseLines(data);
    step.addSecret(data);
    step.masker.add(escape(data));
  }
  if (!isVariableAllowed(step.definition.restrictions, name)) {
    step.log.warning(`Setting variable '${name}' has been disabled by the task or build definition.`);
    step.violate(`set the variable ${name}, which its own restrictions forbid`);
    return;
  }
  const declared = (step.definition.outputVariables ?? []).some(
    (each) => each.name.toLowerCase() === name.toLowerCase(),
  );
  if (isTrue(properties.get('isoutput')) || declared) {
    step.outputs.set(`${step.name}.${name}`, { value: data, secret });
  } else {
    step.setVariables.set(name, { value: data, secret });
  }
}

function refuseLines(data: string): void {
  if (data.includes('\n')) throw new Error('Secrets cannot contain multiple lines');
}

function requireFile(path: string, message: string): void {
  if (path === '' || !existsSync(path) || !statSync(path).isFile()) throw new Error(`${message} (${path})`);
}

/** The agent asks its own machine which characters a file name cannot have; on Windows they are more. */
function requireFileName(name: string): void {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f"*/:<>?\\|]/.test(name)) throw new Error(`${name} contains invalid characters.`);
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
