import type { StampLookup } from '@stamp-ledger/app';
import { type Answer, json, positionHeader } from '../answer.js';
import { command } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { PUBLIC_HEADERS, publicView } from '../public-view.js';
import { noTarget, serialTarget, sha256Target } from '../request/parameters.js';
import { integer, moment, oneOf, readQuery, serial } from '../request/query.js';
import * as views from '../views.js';
import { bulkVerification } from './bulk-verification.js';

const QUERY = { atLeastRevision: integer(0, Number.MAX_SAFE_INTEGER), consistency: oneOf('strong') };

export function lookUpRoutes(services: Services): Route[] {
  return [
    verify(services),
    bulkVerification(services),
    history(services),
    proof(services),
    ofDocument(services),
  ];
}

export function lookUpRoute({ ledger }: Services): Route {
  return {
    method: 'GET',
    path: '/v1/stamps/{serial}',
    takesQuery: true,
    handle: (exchange) => {
      // A serial that fails its own check is answered without a read.
      const serial = serialTarget(exchange.parameters);
      const options = optionsOf(exchange.search);
      const answer = (result: StampLookup): Answer => {
        switch (result.kind) {
          case 'unknown':
            return problem('unknown-serial', exchange.requestId, { headers: PUBLIC_HEADERS });
          case 'revision-not-reached':
            return problem('revision-not-reached', exchange.requestId, {
              facts: { revision: result.revision },
              headers: PUBLIC_HEADERS,
            });
          case 'found': {
            const view = publicView(result.view);
            return matches(exchange, view.etag) ? view.unchanged(options) : view.answer(result.asOf, options);
          }
        }
      };
      const result = ledger.stamps.lookUp(serial, options);
      return result instanceof Promise ? result.then(answer) : answer(result);
    },
  };
}

const PLAIN = { strong: false };

function optionsOf(search: string): { readonly strong: boolean; readonly atLeastRevision?: number } {
  if (search === '') return PLAIN;
  const { consistency, ...revision } = readQuery(search, QUERY);
  return { strong: consistency === 'strong', ...revision };
}

/** If-None-Match compares weakly (RFC 9110 section 13.1.2). */
function matches({ request }: Exchange, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag === etag || `W/${tag}` === etag;
  });
}

function verify(services: Services): Route {
  const { ledger } = services;
  return command(services, {
    path: '/v1/verifications',
    scope: 'verify',
    target: noTarget,
    body: 'verify-stamp',
    execute: async ({ body, caller, exchange }): Promise<Answer> => {
      const documentSha256 = body.document?.sha256;
      const report = await ledger.stamps.verify(
        { serialText: body.serial, ...(documentSha256 === undefined ? {} : { documentSha256 }) },
        caller,
      );
      if ('kind' in report)
        return problem(
          report.kind === 'expired' ? 'deadline-passed' : 'idempotency-key-reused',
          exchange.requestId,
        );
      const { serial, verdict, reasons, recorded } = report;
      if (recorded === undefined) return json(200, { serial, verdict, reasons });
      const { view, position, asOf, leaves } = recorded;
      const seen = { ...views.withFreshness(view, asOf), serial, verdict, reasons };
      return { ...json(200, seen, positionHeader(position)), leaves };
    },
  });
}

function history({ ledger, limits }: Services): Route {
  const shape = {
    asOf: moment,
    after: integer(0, Number.MAX_SAFE_INTEGER),
    limit: integer(1, limits.historyPage),
  };
  return {
    method: 'GET',
    path: '/v1/stamps/{serial}/history',
    scope: 'audit',
    takesQuery: true,
    handle: async ({ parameters, search, requestId }) => {
      const serial = serialTarget(parameters);
      const { asOf, after, limit = limits.historyPage } = readQuery(search, shape);
      const page = await ledger.stamps.history(serial, {
        limit,
        ...(asOf === undefined ? {} : { moment: asOf }),
        ...(after === undefined ? {} : { after }),
      });
      if (page === undefined) return problem('unknown-serial', requestId);
      return json(200, { serial, events: page.events.map(views.historyEvent), next: page.next });
    },
  };
}

function proof({ ledger }: Services): Route {
  return {
    method: 'GET',
    path: '/v1/stamps/{serial}/proof',
    takesQuery: true,
    handle: async ({ parameters, search, requestId }) => {
      const serial = serialTarget(parameters);
      const { from } = readQuery(search, { from: integer(0, Number.MAX_SAFE_INTEGER) });
      const found = await ledger.stamps.proofs(serial, from);
      if (found === undefined) return problem('unknown-serial', requestId, { headers: PUBLIC_HEADERS });
      const { proofs, unsealed, next } = found;
      return json(
        200,
        { serial, proofs: proofs.map(views.stampProof), unsealed, next },
        { ...PUBLIC_HEADERS, 'cache-control': 'no-cache' },
      );
    },
  };
}

function ofDocument({ ledger, limits }: Services): Route {
  const shape = { after: serial, limit: integer(1, limits.listPage) };
  return {
    method: 'GET',
    path: '/v1/documents/{sha256}',
    scope: 'audit',
    takesQuery: true,
    handle: async ({ parameters, search }) => {
      const sha256 = sha256Target(parameters);
      const { limit = limits.listPage, ...after } = readQuery(search, shape);
      const { stamps, asOf } = await ledger.stamps.ofDocument(sha256, { ...after, limit });
      const next = stamps.length === limit ? stamps.at(-1)?.serial : undefined;
      return json(200, { sha256, stamps: stamps.map(views.publicStamp), asOf, next });
    },
  };
}
