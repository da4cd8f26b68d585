// Plain Node without packages: this is what runs before there are any.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `npm ci` when node_modules does not hold what the lockfile says. */
export async function ensureDependencies() {
  const major = Number(process.versions.node.split('.')[0]);
  const minor = Number(process.versions.node.split('.')[1]);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`);
  }
  if (installed()) return;
  console.log('node_modules is missing or not what package-lock.json says: npm ci');
  const started = Date.now();
  const code = await run('npm', ['ci', '--no-progress', '--loglevel=error']);
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}.`);
  console.log(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** npm keeps what it installed in node_modules/.package-lock.json, in the lockfile's own form. */
function installed() {
  const wanted = read('package-lock.json');
  const present = read('node_modules/.package-lock.json');
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted.packages).every(
    ([name, entry]) => name === '' || entry.optional || present.packages[name]?.version === entry.version,
  );
}

function read(file) {
  try {
    return JSON.parse(readFileSync(path.join(checkout, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs a command in the checkout and resolves with its exit code; what asks this process to stop asks it too. */
export function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: checkout, stdio: 'inherit', ...options });
  // Ctrl-C reaches the child by itself: it is in the terminal's group. A signal sent to this process alone does not.
  const forward = (signal) => {
    if (!process.stdin.isTTY || signal !== 'SIGINT') child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
