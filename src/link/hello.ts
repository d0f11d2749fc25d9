/** A hello: an extended message whose one record, of EtherType 0, is the sender's VPD page C0h. */

import { emptyRecord, recordSize, writeRecord } from './record.ts';

/** A hello that is padded to this, as carriers may pad any message, shows that the largest datagrams will get through. */
export const longHello = 66_048;

/** The message; empty for a strict host. */
export function helloOf(page: Uint8Array | undefined): Uint8Array {
  if (page === undefined) return new Uint8Array(0);
  const message = new Uint8Array(recordSize + page.length);
  writeRecord(message, 0, { ...emptyRecord(), length: page.length });
  message.set(page, recordSize);
  return message;
}
