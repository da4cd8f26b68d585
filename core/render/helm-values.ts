import { readFile } from 'node:fs/promises';
import { DeliveryError } from '../model/errors.ts';

/** One source of a chart's values. `secret` says that nothing of it may be in a message. */
export type ValuesLayer =
  /** A YAML file (`--values`). */
  | { readonly file: string; readonly secret?: boolean }
  /** YAML text; `name` says in messages whose: `the input "values"`. */
  | { readonly yaml: string; readonly name: string; readonly secret?: boolean }
  | { readonly object: Readonly<Record<string, unknown>>; readonly secret?: boolean }
  /** An expression of `--set` (typed), `--set-string`, `--set-json` or `--set-literal`. */
  | { readonly set: string; readonly as: SetForm; readonly secret?: boolean }
  /** `key=path` as for `--set-file`: the text of the file becomes the value. */
  | { readonly setFile: string; readonly secret?: boolean };

export type SetForm = 'typed' | 'string' | 'json' | 'literal';

/** A layer as the engine takes it. */
export interface EngineLayer {
  readonly as: 'yaml' | SetForm | 'file';
  readonly name: string;
  readonly text: string;
  readonly secret: boolean;
}

/**
 * Reads the files, which may lie anywhere: whoever asks for the rendering names them, not the chart.
 * @throws DeliveryError `FileNotFound`, `InputInvalid`
 */
export async function readLayers(layers: readonly ValuesLayer[]): Promise<{
  readonly layers: readonly EngineLayer[];
  readonly files: Readonly<Record<string, Uint8Array>>;
}> {
  const read: EngineLayer[] = [];
  const files: Record<string, Uint8Array> = {};
  for (const [index, layer] of layers.entries()) {
    const secret = layer.secret ?? false;
    if ('file' in layer) {
      const text = (await readValues(layer.file)).toString('utf8');
      read.push({ as: 'yaml', name: layer.file, text, secret });
    } else if ('yaml' in layer) {
      read.push({ as: 'yaml', name: layer.name, text: layer.yaml, secret });
    } else if ('object' in layer) {
      read.push({ as: 'yaml', name: 'the values', text: JSON.stringify(layer.object), secret });
    } else if ('set' in layer) {
      read.push({ as: layer.as, name: expressionName(layer.set), text: layer.set, secret });
    } else {
      const [key, path] = splitExpression(layer.setFile);
      files[`value-${index}`] = await readValues(path);
      read.push({
        as: 'file',
        name: expressionName(layer.setFile),
        text: `${key}=/input/value-${index}`,
        secret,
      });
    }
  }
  return { layers: read, files };
}

async function readValues(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new DeliveryError('FileNotFound', `the values file ${path} cannot be read`, {
      hint: 'Check the path, and that the job checks out the repository or downloads the artifact that holds the file.',
      cause: error,
    });
  }
}

/** What comes after the equals sign may be secret, and is never part of a name. */
function expressionName(expression: string): string {
  return `the value ${expression.split('=', 1).join('')}`;
}

function splitExpression(expression: string): readonly [key: string, path: string] {
  const at = expression.indexOf('=');
  if (at > 0) return [expression.slice(0, at), expression.slice(at + 1)];
  throw new DeliveryError('InputInvalid', `"${expression}" does not say which value is in which file`, {
    hint: 'Write key=path.',
  });
}
