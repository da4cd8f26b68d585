import { expandMacros } from './macro.ts';

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  readonly readOnly: boolean;
}

const deepest = 50;

/** A job's variables: names compare without case, values may name other variables. Agent: Variables.cs. */
export class Variables {
  readonly #byName = new Map<string, Variable>();

  set(
    name: string,
    value: string,
    options: { readonly secret?: boolean; readonly readOnly?: boolean } = {},
  ): void {
    const known = this.#byName.get(name.toLowerCase());
    this.#byName.set(name.toLowerCase(), {
      name: known?.name ?? name,
      value,
      // Once a secret, always a secret.
      secret: options.secret === true || known?.secret === true,
      readOnly: options.readOnly === true || known?.readOnly === true,
    });
  }

  setIfAbsent(name: string, value: string): void {
    if (!this.#byName.has(name.toLowerCase())) this.set(name, value);
  }

  get(name: string): string | undefined {
    return this.#expanded(name, []);
  }

  isReadOnly(name: string): boolean {
    return isSystemVariable(name) || this.#byName.get(name.toLowerCase())?.readOnly === true;
  }

  all(): readonly Variable[] {
    return [...this.#byName.values()].map((variable) => ({
      ...variable,
      value: this.get(variable.name) ?? variable.value,
      // What holds a secret is one.
      secret: variable.secret || this.#holdsSecret(variable, []),
    }));
  }

  /** A cycle, or a chain that is too deep, leaves the value as it is written. */
  #expanded(name: string, path: readonly string[]): string | undefined {
    const variable = this.#byName.get(name.toLowerCase());
    if (variable === undefined) return undefined;
    if (path.length > deepest) return variable.value;
    const inner = [...path, name.toLowerCase()];
    return expandMacros(variable.value, (each) =>
      inner.includes(each.toLowerCase()) ? undefined : this.#expanded(each, inner),
    );
  }

  #holdsSecret(variable: Variable, path: readonly string[]): boolean {
    return [...variable.value.matchAll(/\$\(([^)]+)\)/g)].some(([, name]) => {
      const inner = name === undefined ? undefined : this.#byName.get(name.toLowerCase());
      if (inner === undefined || path.includes(inner.name)) return false;
      return inner.secret || this.#holdsSecret(inner, [...path, inner.name]);
    });
  }
}

/**
 * Variables that belong to the system. The agent has a list of about 130 (Constants.cs, ReadOnlyVariables); all of them
 * are in these namespaces, which nobody else has a use for.
 */
function isSystemVariable(name: string): boolean {
  return /^(agent|build|common|features|pipeline|release|system|task)\./i.test(name);
}
