/** A compiled WebAssembly program; may be handed from thread to thread. */
export interface Program {
  readonly [programBrand]: true;
}
declare const programBrand: unique symbol;

interface WebAssemblyInterface {
  compile(bytes: Uint8Array): Promise<Program>;
  instantiate(
    program: Program,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly exports: Readonly<Record<string, unknown>> }>;
  readonly Module: { imports(program: Program): readonly { readonly name: string }[] };
}

/** The part of the WebAssembly JavaScript interface that is used here; Node's types leave it to the browser's. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
  .WebAssembly;
