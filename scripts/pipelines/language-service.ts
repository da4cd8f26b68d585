import { createRequire } from 'node:module';
import { addTasks } from './task-schema.ts';

/** What is wrong in a pipeline, as an editor would underline it. Lines count from 1. */
export interface Finding {
  readonly line: number;
  readonly message: string;
}

/** The little of azure-pipelines-language-service (MIT, Microsoft) that is used; its own types need a library of 2019. */
interface Service {
  getLanguageService(
    readSchema: (uri: string) => Promise<object>,
    contributions: readonly never[],
    schemaOf: (resource: string) => Promise<string>,
    workspace: { resolveRelativePath(path: string, resource: string): string },
  ): {
    configure(settings: { validate: boolean }): void;
    doValidation(
      document: unknown,
      parsed: unknown,
    ): Promise<
      readonly { readonly message: string; readonly range: { readonly start: { readonly line: number } } }[]
    >;
  };
  parse(text: string): unknown;
  readonly TextDocument: { create(uri: string, language: string, version: number, text: string): unknown };
}

/** Asks the language service that editors use, with the service's schema and our own tasks in it. */
export function languageService(
  schema: object,
  taskFolder: string,
): (text: string, name: string) => Promise<readonly Finding[]> {
  const service = createRequire(import.meta.url)('azure-pipelines-language-service') as Service;
  const complete = addTasks(schema, taskFolder);
  const language = service.getLanguageService(
    () => Promise.resolve(complete),
    [],
    () => Promise.resolve('file:///azure-pipelines.json'),
    { resolveRelativePath: (path) => path },
  );
  language.configure({ validate: true });
  return async (text, name) => {
    const document = service.TextDocument.create(`file:///${name}`, 'azure-pipelines', 1, text);
    const found = await silently(() => language.doValidation(document, service.parse(text)));
    return found.map(({ message, range }) => ({ line: range.start.line + 1, message }));
  };
}

/** The service writes its own notes to the console. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => undefined;
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
