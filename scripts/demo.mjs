// npm run demo: the whole chain on this machine. Everything but the flags is in demo/main.ts, which needs packages.
import { checkout, ensureDependencies, run } from './set-up/dependencies.mjs';

const help = `npm run demo [-- flags]: one release from CI to production, on this machine

  --yes      resume at the manual validation without asking
  --reject   reject at the manual validation: nothing reaches production
  --broken   after a good release, a broken one: it is stopped at staging, production stays as it is
  --keep     leave the local Azure and the clusters up until Ctrl-C, and print how to look at them
  --help     this text

Environment: KUBECONFIG brings clusters of your own (docs/sandbox.md names the contexts), KUBEBUILDER_ASSETS a control plane
of your own; SANDBOX_NODES=simulated does without real nodes where there could be some; NO_COLOR asks for a plain terminal.
Results are written to out/demo/.`;

const flags = process.argv.slice(2);
const known = ['--yes', '--reject', '--broken', '--keep', '--help'];
const unknown = flags.filter((flag) => !known.includes(flag));

if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}\n\n${help}`);
  process.exitCode = 2;
} else if (flags.includes('--help')) {
  console.log(help);
} else if (flags.includes('--yes') && flags.includes('--reject')) {
  console.error('--yes and --reject exclude each other.');
  process.exitCode = 2;
} else if (!process.stdin.isTTY && !['--yes', '--reject', '--broken'].some((flag) => flags.includes(flag))) {
  console.error(
    'The demo asks a person before production, and standard input is no terminal. Add --yes to resume or --reject to refuse:\n\n  npm run demo -- --yes',
  );
  process.exitCode = 2;
} else {
  try {
    await ensureDependencies();
    process.exitCode = await run(process.execPath, ['--import', 'tsx', 'scripts/demo/main.ts', ...flags], {
      cwd: checkout,
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
