import { load, YAMLException } from 'js-yaml';
import { DeliveryError, messageOf } from '../../core/model/errors.ts';
import { isObject } from '../../core/model/json.ts';

export interface Variables {
  /** A pipeline variable, secret ones included. */
  variable(name: string): string | undefined;
}

/**
 * What the checks file says, with `$(name)` in its texts replaced by the pipeline's variable; `$$(name)` stays `$(name)`.
 * Variables are put in after the YAML is read, so that no value can change the file's structure.
 * @throws DeliveryError `ChecksInvalid`
 */
export function readChecksDocument(text: string, name: string, variables: Variables): unknown {
  return expand(parse(text, name), name, variables);
}

function parse(text: string, name: string): unknown {
  try {
    return load(text, { maxAliases: 100 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark === undefined ? '' : ` (line ${error.mark.line + 1})`;
    throw new DeliveryError('ChecksInvalid', `${name} is not YAML${line}: ${error.reason}`, {
      hint: 'Correct the line; texts with ": " or "#" in them need quotes.',
      cause: messageOf(error),
    });
  }
}

function expand(value: unknown, path: string, variables: Variables): unknown {
  if (typeof value === 'string') return expandText(value, path, variables);
  if (Array.isArray(value)) return value.map((item, index) => expand(item, `${path}[${index}]`, variables));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expand(item, `${path}.${key}`, variables)]),
  );
}

function expandText(text: string, path: string, variables: Variables): string {
  return text.replace(/\$(\$?)\(([A-Za-z_][A-Za-z0-9_. -]*)\)/g, (whole, escaped: string, name: string) => {
    if (escaped !== '') return whole.slice(1);
    const value = variables.variable(name);
    if (value !== undefined) return value;
    throw new DeliveryError(
      'ChecksInvalid',
      `${path} uses $(${name}), and the pipeline has no such variable`,
      {
        hint: `Set the variable, or write $$(${name}) if the text is meant as it is.`,
      },
    );
  });
}
