import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Runs a command and ends it with this process's standard input: whoever started this process may be killed in any way,
 * and what it started still ends. Arguments: the command and its own.
 */
const [command, ...args] = process.argv.slice(2);
if (command !== undefined) guard(spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }));

function guard(child: ChildProcess): void {
  const end = (): void => void child.kill('SIGKILL');
  process.stdin.on('end', end).on('error', end).resume();
  process.on('SIGTERM', () => void child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)));
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
}
