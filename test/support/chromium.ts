import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const places = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A real headless browser. Where there is none, Debian's is installed if this user may; otherwise that is an error. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = found() ?? install();
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] });
}

function found(): string | undefined {
  return places.find((place) => place !== undefined && existsSync(place));
}

function install(): string {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error('No Chromium was found: install it, or set CHROMIUM_PATH to a Chromium or Chrome.');
  }
  const run = (...args: string[]): void => {
    execFileSync('apt-get', args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  run('update');
  run('install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
  return found() ?? '/usr/bin/chromium';
}
