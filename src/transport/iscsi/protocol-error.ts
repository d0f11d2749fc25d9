/** The target broke the rules: the session ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
