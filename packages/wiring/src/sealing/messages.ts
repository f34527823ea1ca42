import type { SealStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { WitnessSettings } from '../witness-settings.js';
import type { SealingPlaces } from './places.js';

export interface SealWorkerData {
  readonly logDirectory: string;
  readonly places: SealingPlaces;
  readonly origin: string;
  readonly witnesses: WitnessSettings;
}

export type ToSealWorker = { readonly kind: 'wake'; readonly head: Position } | { readonly kind: 'stop' };

export type FromSealWorker =
  | { readonly kind: 'status'; readonly status: SealStatus }
  | { readonly kind: 'waits' | 'not-cosigned'; readonly reason: string }
  /** The thread ends after it. */
  | { readonly kind: 'failed'; readonly reason: string };
