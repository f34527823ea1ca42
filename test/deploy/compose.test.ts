import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { ROOT } from '../support/server-process.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly healthcheck?: unknown;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly deploy: { readonly replicas?: number; readonly resources: { readonly limits: object } };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const read = (file: string): string => readFileSync(join(ROOT, 'deploy', file), 'utf8');
const text = read('compose.yaml');
const { services } = parse(text, { merge: true }) as { readonly services: Record<string, Service> };

const ONCE = ['migrate', 'topics'];
const LASTING = ['api', 'relay', 'sealer', 'projections', 'fulfilment'];
const ENGINES = ['eventstoredb', 'kafka', 'postgres'];

t.test('every service is bounded, restarts and says how it is', async (t) => {
  t.strictSame(Object.keys(services).sort(), [...ONCE, ...LASTING, ...ENGINES].sort());
  for (const [name, service] of Object.entries(services)) {
    t.match(service.deploy.resources.limits, { cpus: String, memory: String }, name);
    t.ok(service.restart, name);
    t.equal(service.healthcheck !== undefined, !ONCE.includes(name), name);
    if (ENGINES.includes(name)) t.match(service.image, /:\d/, `${name} is of one version`);
  }
});

t.test(
  'services run twice, prepared, on a read-only root, and only the API is reached from outside',
  async (t) => {
    for (const name of LASTING) {
      const service = services[name]!;
      t.equal(service.deploy.replicas, 2, name);
      t.equal(service.stop_grace_period, '15s');
      t.match(service.depends_on, {
        eventstoredb: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
        topics: { condition: 'service_completed_successfully' },
      });
    }
    for (const name of [...ONCE, ...LASTING]) t.equal(services[name]!.read_only, true, name);
    t.strictSame(
      Object.keys(services).filter((name) => services[name]!.ports !== undefined),
      ['api'],
    );
    t.strictSame(
      Object.keys(services).filter((name) => services[name]!.volumes?.includes('keys:/data')),
      ['api', 'sealer', 'fulfilment'],
    );
  },
);

t.test('commands name programs that there are', async (t) => {
  for (const name of [...ONCE, ...LASTING]) {
    const [node, script = ''] = services[name]!.command ?? [];
    t.equal(node, 'node');
    t.ok(existsSync(join(ROOT, script)), script);
  }
});

t.test('there is no password, and what is required is in the example', async (t) => {
  for (const service of Object.values(services))
    for (const [name, value] of Object.entries(service.environment))
      if (/PASSWORD|SECRET|TOKEN/.test(name)) t.match(value, /^\$\{[A-Z_]+:\?/, name);
  const example = read('.env.example');
  const required = new Set([...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name));
  for (const name of required) t.match(example, new RegExp(`^${name}=$`, 'm'), `${name} is there, and empty`);
  t.strictSame(
    [...(/^required='(.*)'$/m.exec(read('check'))?.[1] ?? '').split(' ')].sort(),
    [...required].sort(),
    'and deploy/check tries each of them',
  );
});
