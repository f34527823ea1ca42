import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Answer } from '../answer.js';
import { problem } from '../problems/problem.js';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
/** Files of swagger-ui-dist that the page needs, from this host: nothing comes from elsewhere. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const page = (prefix: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stamp ledger API</title>
<link rel="stylesheet" href="${prefix}/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="${prefix}/docs/swagger-ui-bundle.js"></script>
<script src="${prefix}/docs/start.js"></script>
</body>
</html>
`;
const script = (prefix: string): string =>
  `window.SwaggerUIBundle({ url: ${JSON.stringify(`${prefix}/openapi.json`)}, dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;

/** The page that renders the OpenAPI document, and its files, read once and kept. */
export function createDocs(prefix: string) {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const kept = new Map<string, Buffer>();
  const read = (name: string): Buffer => {
    const body = kept.get(name) ?? readFileSync(join(folder, name));
    kept.set(name, body);
    return body;
  };
  const answer = (type: string, body: string | Buffer): Answer => ({
    status: 200,
    headers: {
      'content-type': type,
      'content-security-policy': POLICY,
      'cache-control': 'public, max-age=3600',
    },
    body,
  });
  return {
    page: (): Answer => answer(HTML, page(prefix)),
    file: (name: string, requestId: string): Answer => {
      if (name === 'start.js') return answer(SCRIPT, script(prefix));
      const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
      return type === undefined ? problem('not-found', requestId) : answer(type, read(name));
    },
  };
}
