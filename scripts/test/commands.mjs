// Plain Node without packages, as everything that test.mjs needs before it has checked that there are any.
import { spawn } from 'node:child_process';
import { checkout } from '../set-up/dependencies.mjs';

const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    process.exitCode = 130;
    for (const child of running) child.kill(signal);
  });
}

/**
 * Runs a command in the checkout; `onOutput` is given its output as it comes.
 * @returns {Promise<{ code: number, output: string, milliseconds: number }>}
 */
export function capture(command, args, onOutput = () => undefined) {
  const started = Date.now();
  const child = spawn(command, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  const take = (text) => {
    output += text;
    onOutput(text);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((resolve) => {
    const end = (code, why = '') => {
      running.delete(child);
      resolve({ code, output: `${output}${why}`, milliseconds: Date.now() - started });
    };
    child.once('error', (error) => end(1, error.message));
    child.once('close', (code) => end(code ?? 1));
  });
}

/** A script of a package's `bin`, run by this Node: no shell, no npx. */
export function packageCommand(path, ...args) {
  return [process.execPath, [`node_modules/${path}`, ...args]];
}
