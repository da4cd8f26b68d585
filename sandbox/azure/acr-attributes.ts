import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What may be done with a repository, a tag or a manifest; false is a lock. */
export interface Attributes {
  deleteEnabled: boolean;
  writeEnabled: boolean;
  readEnabled: boolean;
  listEnabled: boolean;
}

const names = ['deleteEnabled', 'writeEnabled', 'readEnabled', 'listEnabled'] as const;

/** Keys: `repository`, `repository:tag` or `repository@digest`. What is not kept has every attribute true. */
export class AttributeStore {
  readonly #file: string;
  readonly #changed: Map<string, Attributes>;
  #saved: Promise<void> = Promise.resolve();

  private constructor(file: string, changed: Map<string, Attributes>) {
    this.#file = file;
    this.#changed = changed;
  }

  static async open(file: string): Promise<AttributeStore> {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return new AttributeStore(file, new Map(Object.entries(JSON.parse(text) as Record<string, Attributes>)));
  }

  get(key: string): Attributes {
    return (
      this.#changed.get(key) ?? {
        deleteEnabled: true,
        writeEnabled: true,
        readEnabled: true,
        listEnabled: true,
      }
    );
  }

  /** Takes the known attributes of a PATCH body; returns what then holds. */
  async update(key: string, change: unknown): Promise<Attributes> {
    const attributes = { ...this.get(key) };
    for (const name of names) {
      const value = (change as Record<string, unknown> | undefined)?.[name];
      if (typeof value === 'boolean') attributes[name] = value;
    }
    this.#changed.set(key, attributes);
    await this.#save();
    return attributes;
  }

  async forget(key: string): Promise<void> {
    if (this.#changed.delete(key)) await this.#save();
  }

  /** One after the other: two writes at once could leave half of each. */
  #save(): Promise<void> {
    this.#saved = this.#saved.then(() => this.#write());
    return this.#saved;
  }

  async #write(): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const sorted = [...this.#changed].sort(([left], [right]) => (left < right ? -1 : 1));
    await writeFile(this.#file, JSON.stringify(Object.fromEntries(sorted), null, 2));
  }
}
