import t from 'tap';
import type { JsonObject } from '../support/http.js';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';
import { OpenApiRecorder } from './openapi-recorder.js';
import { agreement } from './suites/agreement.js';
import { audits } from './suites/audits.js';
import { authorisation } from './suites/authorisation.js';
import { badInput } from './suites/bad-input.js';
import { bulkVerification } from './suites/bulk-verification.js';
import { everyRoute } from './suites/every-route.js';
import { feed } from './suites/feed.js';
import { hotRoutes } from './suites/hot-routes.js';
import { idempotency } from './suites/idempotency.js';
import { lifeCycle } from './suites/life-cycle.js';
import { lookUps } from './suites/look-ups.js';
import { protocol } from './suites/protocol.js';
import { queue } from './suites/queue.js';
import { reports } from './suites/reports.js';
import { stockPolicies } from './suites/stock-policies.js';
import { transparency } from './suites/transparency.js';
import type { World } from './world.js';

t.setTimeout(100_000);

// One process and one ledger for all suites, so that the last one can tell whether every documented answer was seen.
const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
const first = await serve(opened);
const recorder = new OpenApiRecorder((await first.call('/openapi.json')).json as JsonObject);
await first.api.close();
const { api, url, call } = await serve(opened, { witness: recorder.witness });
const world: World = { opened, url, call, recorder };

t.teardown(async () => {
  await api.close();
  await opened.close();
  remove();
});

await t.test('life cycle', (t) => lifeCycle(t, world));
await t.test('look-ups', (t) => lookUps(t, world));
await t.test('before Koa', (t) => hotRoutes(t, world));
await t.test('bulk verification', (t) => bulkVerification(t, world));
await t.test('bad input', (t) => badInput(t, world));
await t.test('idempotency', (t) => idempotency(t, world));
await t.test('protocol', (t) => protocol(t, world));
await t.test('authorisation', (t) => authorisation(t, world));
await t.test('live feed of events', (t) => feed(t, world));
await t.test('every route', (t) => everyRoute(t, world));
await t.test('reports', (t) => reports(t, world));
await t.test('transparency', (t) => transparency(t, world));
await t.test('audits', (t) => audits(t, world));
await t.test('stock policies', (t) => stockPolicies(t, world));
await t.test('queue', (t) => queue(t, world));
await t.test('agreement with the OpenAPI document', (t) => agreement(t, world, api.routes));
