import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../../sandbox/build/cache.ts';
import { buildGo, findGo } from '../../sandbox/build/go.ts';
import { SandboxError } from '../../sandbox/errors.ts';

const greeter = fileURLToPath(new URL('../support/greeter', import.meta.url));

describe('a Go build', function () {
  this.timeout(5 * 60_000);
  let directory: string;
  const environment = { ...process.env };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'build-'));
    // Go's own cache is the machine's, or the standard library would be compiled for each test.
    const go = await findGo(greeter);
    process.env['GOCACHE'] = execFileSync(go.path, ['env', 'GOCACHE'], { encoding: 'utf8' }).trim();
    process.env['XDG_CACHE_HOME'] = join(directory, 'cache');
  });
  afterEach(async () => {
    process.env = { ...environment };
    await rm(directory, { recursive: true });
  });

  const copied = async (): Promise<string> => {
    const module = join(directory, 'greeter');
    await mkdir(module);
    await cp(greeter, module, { recursive: true });
    return module;
  };

  it('is done once for the same sources, and again when they change', async () => {
    const module = await copied();
    const first = await buildGo({ module });
    assert.equal(await buildGo({ module }), first);
    await writeFile(join(module, 'more.go'), 'package main\n');
    assert.notEqual(await buildGo({ module }), first);
  });

  it('is for the platform asked for', async () => {
    const path = await buildGo({ module: await copied(), goos: 'linux', goarch: 'arm64' });
    const machine = (await readFile(path)).readUInt16LE(18);
    assert.equal(machine, 183, 'the ELF machine of arm64');
  });

  it("fails with the compiler's words, and leaves nothing that looks built", async () => {
    const module = await copied();
    await writeFile(join(module, 'wrong.go'), 'package main\n\nvar wrong int = "text"\n');
    await assert.rejects(buildGo({ module }), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'BuildFailed');
      assert.match(error.message, /wrong\.go:3.*cannot use "text"/s);
      return true;
    });
    assert.equal(
      execFileSync('find', [join(directory, 'cache'), '-type', 'f', '-name', 'greeter*']).length,
      0,
    );
  });

  it('without Go names both ways out', async () => {
    await assert.rejects(findGo(greeter, [join(directory, 'no-go')]), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'GoMissing');
      assert.match(error.hint ?? '', /install Go .*KUBECONFIG/s);
      return true;
    });
  });
});

describe('the cache of built files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cache-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('makes a file once for two who want it at the same time', async () => {
    let made = 0;
    const make = async (path: string): Promise<void> => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      await writeFile(path, 'made');
    };
    const path = join(directory, 'file');
    await Promise.all([cached(path, make), cached(path, make)]);
    assert.equal(made, 1);
    assert.equal(await readFile(path, 'utf8'), 'made');
  });

  it('takes over the lock of a builder that is dead', async () => {
    const path = join(directory, 'file');
    const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' });
    await writeFile(`${path}.lock`, dead.trim());
    await cached(path, (temporary) => writeFile(temporary, 'made'));
    assert.equal((await stat(path)).size, 4);
  });
});
