import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Agent } from '../../core/host/agent.ts';
import { DeliveryError, messageOf } from '../../core/model/errors.ts';
import { mergeOverrides, parseOverrides, type Overrides } from '../../core/model/overrides.ts';
import { parseYaml } from '../../core/render/kubernetes-yaml.ts';

/**
 * Reads the environment's layers in order. `$(name)` in a value is the job's variable, secret ones included.
 * @throws DeliveryError `FileNotFound`, `FileInvalid`
 */
export function readOverrides(agent: Agent, files: readonly string[]): Overrides {
  return mergeOverrides(
    files.map((file) => {
      const text = readText(resolve(agent.workingDirectory, file), file);
      const [document] = parseYaml(text, file);
      const overrides = parseOverrides(document?.value, file, (value) => expand(agent, value, file));
      // A secret's value is masked from now on, whether it came from a secret variable or stands in the file.
      for (const keys of Object.values(overrides.secrets)) {
        for (const value of Object.values(keys)) if (value !== '') agent.setSecret(value);
      }
      return overrides;
    }),
  );
}

function expand(agent: Agent, text: string, file: string): string {
  return text.replaceAll(/\$\(([A-Za-z_][A-Za-z0-9_.]*)\)/g, (_, name: string) => {
    const value = agent.variable(name);
    if (value !== undefined) return value;
    throw new DeliveryError('FileInvalid', `${file} uses the variable $(${name}), which is not set`, {
      hint: 'Define it in the pipeline, a variable group or the stage; secret variables work as well.',
    });
  });
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeliveryError(
      'FileNotFound',
      `"overrides" names a file that cannot be read: ${file} (${messageOf(error)})`,
      {
        hint: 'Check the path, and that the job checks out the repository or downloads the artifact that holds it.',
        cause: error,
      },
    );
  }
}
