import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { validateCommand, warmCommands } from '@stamp-ledger/codec';
import t from 'tap';

t.test('no wrong body waits for files when the commands are warm', async (t) => {
  t.ok(validateCommand('void-stamp', { reason: 'damaged' }).ok);
  t.ok([...warmCommands()].length > 20, 'in small steps');
  const { readFileSync } = fs;
  let reads = 0;
  t.teardown(() => {
    fs.readFileSync = readFileSync;
    syncBuiltinESMExports();
  });
  fs.readFileSync = ((...given: Parameters<typeof readFileSync>) => {
    reads += 1;
    return readFileSync(...given);
  }) as typeof readFileSync;
  syncBuiltinESMExports();
  t.notOk(validateCommand('void-stamp', {}).ok);
  t.equal(reads, 0);
});
