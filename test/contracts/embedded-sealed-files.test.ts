import { sealedFilesContract } from '@stamp-ledger/contracts';
import t from 'tap';
import { embeddedSealedFiles } from './embedded-stores.js';

for (const { name, run } of sealedFilesContract({ name: 'files', open: embeddedSealedFiles }))
  t.test(name, () => run());
