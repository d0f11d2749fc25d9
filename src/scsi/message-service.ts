/** Who takes and gives the messages of a logical unit: supplied by the layer above. */

import type { Command } from './command.ts';
import type { MessageForm } from './message-cdb.ts';

/**
 * The commands it gets live until it ends them with `complete` or `abandon`, at once or later, or hears `cancelled`;
 * after that they must not be touched.
 */
export interface MessageService {
  /**
   * SEND MESSAGE, SEND, or WRITE BUFFER into the message buffer. `length` bytes of data-out are the message: no more than
   * there are. `form` is the CDB's length, `stream` its stream selection: 0 in 6-byte forms, the buffer offset in WRITE BUFFER.
   */
  send(command: Command, form: MessageForm, stream: number, length: number): void;
  /** GET MESSAGE, RECEIVE, or READ BUFFER: give at most `length` bytes; may stay outstanding until there is something to give. */
  get(command: Command, form: MessageForm, stream: number, length: number): void;
  /** A command that the service holds is being ended by task management or with its nexus: forget it. */
  cancelled(command: Command): void;
}
