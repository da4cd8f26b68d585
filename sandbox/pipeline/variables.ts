import type { Variable } from './pipeline.ts';

/** The variables of a job. Names ignore case; `.` belongs to the name. */
export class Variables {
  readonly #values = new Map<string, { readonly name: string; readonly value: string }>();
  readonly #secrets = new Map<string, { readonly name: string; readonly value: string }>();

  set(name: string, value: string): void {
    this.#secrets.delete(name.toLowerCase());
    this.#values.set(name.toLowerCase(), { name, value });
  }

  setSecret(name: string, value: string): void {
    this.#values.delete(name.toLowerCase());
    this.#secrets.set(name.toLowerCase(), { name, value });
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return (this.#values.get(key) ?? this.#secrets.get(key))?.value;
  }

  get public(): ReadonlyMap<string, string> {
    return new Map([...this.#values.values()].map(({ name, value }) => [name, value]));
  }

  get secret(): ReadonlyMap<string, string> {
    return new Map([...this.#secrets.values()].map(({ name, value }) => [name, value]));
  }

  /** Replaces `$(name)` once; a name that is not set stays as written, as on a real agent. */
  expand(text: string): string {
    return text.replaceAll(/\$\(([^()\s]+)\)/g, (written, name: string) => this.get(name) ?? written);
  }

  /** Replaces the macros in the variables' own values, which may refer to each other. */
  settle(): void {
    // Depth is bounded as on the agent: a variable that names itself stays as it is.
    for (let depth = 0; depth < 10; depth += 1) {
      let changed = false;
      for (const [key, { name, value }] of this.#values) {
        const expanded = this.expand(value);
        if (expanded === value) continue;
        this.#values.set(key, { name, value: expanded });
        changed = true;
      }
      if (!changed) return;
    }
  }
}

/** Sets written variables in their order; `evaluate` gives the value of a `$[ ]` expression. */
export function setAll(
  variables: Variables,
  written: readonly Variable[],
  evaluate: (variable: Variable & { readonly value: { readonly kind: 'runtime' } }) => string,
): void {
  for (const variable of written) {
    const { name, value } = variable;
    variables.set(name, value.kind === 'text' ? value.text : evaluate({ ...variable, value }));
  }
}
