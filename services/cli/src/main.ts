import { run } from './program.js';

// A reader that has seen enough (`… | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.once('SIGINT', () => process.exit(130));

process.exitCode = await run(process.argv.slice(2), process);
