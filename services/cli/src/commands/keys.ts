import type { KeyPurpose } from '@stamp-ledger/wiring';
import { type Command, Option } from 'commander';
import { UsageError } from '../exit-codes.js';
import type { Bind } from '../session.js';
import { wiring } from '../wiring.js';

const PURPOSES: readonly KeyPurpose[] = ['log', 'receipts'];

interface KeyOptions {
  readonly purpose: KeyPurpose;
}

/** The keys that checkpoints and receipts are signed with. These work on the files in LEDGER_DATA_DIR. */
export function addKeyCommands(program: Command, bind: Bind): void {
  const keys = program
    .command('keys')
    .description(
      'signing keys (LEDGER_DATA_DIR, LEDGER_ORIGIN); a running ledger takes them up at its next start',
    );
  const purpose = (): Option =>
    new Option('--purpose <purpose>', 'what they sign').choices(PURPOSES).default('log');

  keys
    .command('list')
    .description('public keys, the current one first')
    .addOption(purpose())
    .action(
      bind(async (session, options: KeyOptions) => {
        const { listKeys } = await wiring();
        const found = await listKeys(process.env, options.purpose).catch(asUsage);
        await session.output.result({ keys: found }, () =>
          found.map(({ state, vkey }) => `${state}  ${vkey}`),
        );
      }),
    );
  for (const [name, description, rotate] of [
    ['make', 'make the first key', false],
    ['rotate', 'make a further key; the older ones sign too until they are retired', true],
  ] as const)
    keys
      .command(name)
      .description(description)
      .addOption(purpose())
      .action(
        bind(async (session, options: KeyOptions) => {
          const { makeKey } = await wiring();
          const vkey = await makeKey(process.env, { ...options, rotate }).catch(asUsage);
          await session.output.result({ vkey }, () => [vkey]);
        }),
      );
  keys
    .command('retire')
    .description('end the signing of a key: its private part is removed, its public part stays known')
    .argument('<key-id>', 'the 8 characters in the middle of its vkey')
    .addOption(purpose())
    .action(
      bind(async (session, keyId: string, options: KeyOptions) => {
        const { retireKey } = await wiring();
        const vkey = await retireKey(process.env, { ...options, keyId }).catch(asUsage);
        await session.output.result({ vkey }, () => [`retired ${vkey}`]);
      }),
    );
}

function asUsage(error: unknown): never {
  if (error instanceof Error && (error.name === 'ConfigurationError' || error.name === 'KeyFault'))
    throw new UsageError(error.message);
  throw error;
}
