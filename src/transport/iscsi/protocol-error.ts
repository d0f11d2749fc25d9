/** The target broke the rules, or said that it goes: the session ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Seconds that the target wants to be left alone (Time2Wait, RFC 7143 §11.9.1). */
  readonly time2Wait: number;

  constructor(message: string, time2Wait = 0) {
    super(message);
    this.time2Wait = time2Wait;
  }
}
