import type { Freshness } from '@stamp-ledger/app';
import { sha256Hex } from '@stamp-ledger/codec';
import type { StampView } from '@stamp-ledger/ports';
import { type Answer, JSON_TYPE, printed } from './answer.js';
import { publicStamp, textWithFreshness } from './views.js';

/** Anyone may read these from any web page. */
export const PUBLIC_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, X-Request-Id',
  'cross-origin-resource-policy': 'cross-origin',
};
const SHORT_CACHE = 'public, max-age=5, stale-while-revalidate=30';
/** For whoever asked the log itself. */
const ASK_AGAIN = 'no-cache';

const headersOf = (cacheControl: string) => {
  const unchanged = { ...PUBLIC_HEADERS, 'cache-control': cacheControl };
  return { unchanged: printed(unchanged), found: printed({ 'content-type': JSON_TYPE, ...unchanged }) };
};
const WEAK = headersOf(SHORT_CACHE);
const STRONG = headersOf(ASK_AGAIN);

/** What is sent of a view. */
export interface PublicView {
  /** Changes whenever anything of the view does. Weak, because the moment of reading (`asOf`) is not part of it. */
  readonly etag: string;
  /** For whoever holds the view already. */
  unchanged(how: { readonly strong: boolean }): Answer;
  answer(asOf: Freshness, how: { readonly strong: boolean }): Answer;
}

/** Where a view keeps what is sent of it: a map of them would cost as much as all else that is done for a view held. */
const SHOWN = Symbol('shown');
type Shown = StampView & { readonly [SHOWN]?: PublicView };

/** Made once for each view; the ledger holds those that are asked for again and again. */
export function publicView(view: Shown): PublicView {
  const shown = view[SHOWN];
  if (shown !== undefined) return shown;
  const value = make(view);
  // Not enumerable, so that a later state of the stamp, made of this one by spreading it, does not get it too.
  Object.defineProperty(view, SHOWN, { value });
  return value;
}

function make(view: StampView): PublicView {
  const text = JSON.stringify(publicStamp(view));
  const etag = `W/"${view.revision}-${sha256Hex(text).slice(0, 16)}"`;
  const headers = { etag };
  return {
    etag,
    unchanged: ({ strong }) => ({
      status: 304,
      headers,
      common: (strong ? STRONG : WEAK).unchanged,
      body: '',
    }),
    answer: (asOf, { strong }) => ({
      status: 200,
      headers,
      common: (strong ? STRONG : WEAK).found,
      body: textWithFreshness(text, asOf),
    }),
  };
}
