import { type Command, Option } from 'commander';
import { wholeNumber } from '../options.js';

export interface KeyOption {
  readonly key?: string;
}

export interface JobOptions extends KeyOption {
  /** Seconds, or false with `--no-wait`. */
  readonly wait: number | false;
}

export interface ListOption {
  readonly file?: string;
}

export const addKeyOption = (command: Command): Command =>
  command.option('--key <text>', 'Idempotency-Key: repeating a command with its key is safe');

export const addMoneyOptions = (command: Command): Command =>
  command
    .requiredOption('--denomination <amount>', 'what one stamp is worth, such as 10000')
    .option('--currency <code>', 'ISO 4217', 'IDR');

export const addJobOptions = (command: Command): Command =>
  addKeyOption(command)
    .addOption(
      new Option('--wait <seconds>', 'follow the job for this long')
        .default(600)
        .argParser(wholeNumber(1, 86_400)),
    )
    .option('--no-wait', 'return as soon as the ledger has accepted it');

export const addListOption = (command: Command): Command =>
  command.option('--file <list>', 'read one item a line from this file (`-`: stdin)');

/** The key as an option of the client. */
export const keyed = (key: string | undefined): { readonly key?: string } =>
  key === undefined ? {} : { key };
