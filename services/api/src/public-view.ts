import { type Freshness, LIMITS, RecentlyUsed } from '@stamp-ledger/app';
import { sha256Hex } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
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

/** Makes what is sent of a view once, for views that the ledger holds while their rows are current. */
export function createPublicViews(): (view: StampView) => PublicView {
  const made = new RecentlyUsed<Serial, { readonly of: StampView; readonly publicView: PublicView }>(
    LIMITS.cachedStampViews,
  );
  return (view) => {
    const before = made.get(view.serial);
    if (before?.of === view) return before.publicView;
    const publicView = make(view);
    made.set(view.serial, { of: view, publicView });
    return publicView;
  };
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
