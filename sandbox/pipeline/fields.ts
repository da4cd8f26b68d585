import { PipelineRefused, type Place } from './refusal.ts';
import { textOf, type Entry, type Mapping, type Tree } from './tree.ts';

/**
 * Reads one mapping of a pipeline field by field. `close` refuses, by name and line, every field that nobody read: what
 * the runner does not know, it never skips.
 */
export class Fields {
  readonly at: Place;
  readonly #what: string;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #read = new Set<string>();

  private constructor(mapping: Mapping, what: string) {
    this.at = mapping.at;
    this.#what = what;
    this.#entries = new Map(mapping.entries.map((entry) => [entry.key, entry]));
  }

  /** @param what how messages call it: "a stage", "the step's inputs" */
  static of(tree: Tree, what: string): Fields {
    if (tree.kind === 'mapping') return new Fields(tree, what);
    throw new PipelineRefused(tree.at, `${what} must be a mapping`);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  tree(name: string): Tree | undefined {
    this.#read.add(name);
    return this.#entries.get(name)?.value;
  }

  /** The line of a field's key, or of the mapping when the field is not there. */
  placeOf(name: string): Place {
    return this.#entries.get(name)?.at ?? this.at;
  }

  optionalText(name: string): string | undefined {
    const tree = this.tree(name);
    if (tree === undefined) return undefined;
    if (tree.kind !== 'scalar') throw new PipelineRefused(tree.at, `"${name}" must be text`);
    return textOf(tree.value);
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value !== undefined && value !== '') return value;
    throw new PipelineRefused(this.placeOf(name), `${this.#what} needs "${name}"`);
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.optionalText(name)?.toLowerCase();
    if (value === undefined) return otherwise;
    if (value === 'true' || value === 'false') return value === 'true';
    throw new PipelineRefused(this.placeOf(name), `"${name}" must be true or false, not "${value}"`);
  }

  /** A whole number from zero, or undefined. */
  count(name: string): number | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    throw new PipelineRefused(this.placeOf(name), `"${name}" must be a whole number, not "${value}"`);
  }

  /** The items of a list; an absent list has none. */
  list(name: string): readonly Tree[] {
    const tree = this.tree(name);
    if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return [];
    if (tree.kind === 'list') return tree.items;
    throw new PipelineRefused(tree.at, `"${name}" must be a list`);
  }

  /** One text or a list of texts; undefined when the field is not there. */
  texts(name: string): readonly string[] | undefined {
    const tree = this.tree(name);
    if (tree === undefined) return undefined;
    const items = tree.kind === 'list' ? tree.items : [tree];
    return items.map((item) => {
      if (item.kind !== 'scalar') throw new PipelineRefused(item.at, `"${name}" holds texts`);
      return textOf(item.value);
    });
  }

  /** Names and texts, as written; absent is empty. */
  pairs(name: string): readonly { readonly key: string; readonly value: string; readonly at: Place }[] {
    const tree = this.tree(name);
    if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return [];
    if (tree.kind !== 'mapping') throw new PipelineRefused(tree.at, `"${name}" must be a mapping`);
    return tree.entries.map(({ key, value, at }) => {
      if (value.kind !== 'scalar') throw new PipelineRefused(value.at, `"${key}" must be text`);
      return { key, value: textOf(value.value), at };
    });
  }

  close(): void {
    for (const [name, entry] of this.#entries) {
      if (this.#read.has(name)) continue;
      throw new PipelineRefused(
        entry.at,
        `"${name}" of ${this.#what} is not in the subset that the runner reads`,
      );
    }
  }
}
