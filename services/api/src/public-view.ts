import type { Freshness } from '@stamp-ledger/app';
import { sha256Hex } from '@stamp-ledger/codec';
import type { StampView } from '@stamp-ledger/ports';
import { type Answer, JSON_TYPE } from './answer.js';
import { publicStamp, textWithFreshness } from './views.js';

/** Anyone may read these from any web page. */
export const PUBLIC_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, X-Request-Id',
  'cross-origin-resource-policy': 'cross-origin',
};
const SHORT_CACHE = 'public, max-age=5, stale-while-revalidate=30';

/** What is sent of a view. */
export interface PublicView {
  /** Changes whenever anything of the view does. Weak, because the moment of reading (`asOf`) is not part of it. */
  readonly etag: string;
  /** For whoever holds the view already. */
  readonly unchanged: Answer;
  answer(asOf: Freshness): Answer;
}

/** Makes what is sent of a view once: it lives as long as the view, which the ledger holds while its row is current. */
export function createPublicViews(): (view: StampView) => PublicView {
  const made = new WeakMap<StampView, PublicView>();
  return (view) => {
    const before = made.get(view);
    if (before !== undefined) return before;
    const publicView = make(view);
    made.set(view, publicView);
    return publicView;
  };
}

function make(view: StampView): PublicView {
  const text = JSON.stringify(publicStamp(view));
  const etag = `W/"${view.revision}-${sha256Hex(text).slice(0, 16)}"`;
  const tagged = { ...PUBLIC_HEADERS, etag, 'cache-control': SHORT_CACHE };
  const headers = { 'content-type': JSON_TYPE, ...tagged };
  return {
    etag,
    unchanged: { status: 304, headers: tagged, body: '' },
    answer: (asOf) => ({ status: 200, headers, body: textWithFreshness(text, asOf) }),
  };
}
