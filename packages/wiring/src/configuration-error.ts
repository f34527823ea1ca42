/** The environment does not say what a command needs to know. Names variables, never values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
