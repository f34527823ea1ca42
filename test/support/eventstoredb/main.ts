import { parseArgs } from 'node:util';
import { startEventStoreDouble } from './double.js';

/** The double as a process of its own, until it is killed: `--directory D --port P`. */
const { values } = parseArgs({
  options: { directory: { type: 'string' }, port: { type: 'string', default: '0' } },
});
if (values.directory === undefined) throw new Error('--directory is needed');
const double = await startEventStoreDouble({ directory: values.directory, port: Number(values.port) });
process.stdout.write(`eventstore double ready ${double.port}\n`);
process.on('SIGTERM', () => process.exit(0));
