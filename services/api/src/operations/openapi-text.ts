import { Worker } from 'node:worker_threads';

/**
 * The OpenAPI document as JSON, put together once, when it is first asked for. Reading that much YAML takes half a second:
 * a thread of its own does it, or whoever asked first would hold up everybody else for as long. Rejects when it fails, and
 * then tries again the next time.
 */
export class OpenApiText {
  #text: Promise<string> | undefined;

  constructor(private readonly serverUrl: string) {}

  get(): Promise<string> {
    this.#text ??= made(this.serverUrl).catch((error: unknown) => {
      this.#text = undefined;
      throw error;
    });
    return this.#text;
  }
}

function made(serverUrl: string): Promise<string> {
  const worker = new Worker(new URL('./openapi-worker.js', import.meta.url), {
    workerData: serverUrl,
    // No loaders or debuggers of the process: the thread runs this package alone.
    execArgv: [],
  });
  // The process need not outlive its other work for it.
  worker.unref();
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the thread ended without the document')));
  });
}
