/** What carriers may lack by their nature, as Linux' SCSI stack does: the tests that need it are skipped, and say why. */

export type Ability =
  /** Data-out and data-in in one command. */
  | 'both directions'
  /** Targets are told which way data go. */
  | 'direction'
  /** More than one logical unit behind a nexus. */
  | 'logical units'
  /** Task attributes. */
  | 'attributes'
  /** Every status reaches the initiator: no layer between tries again by itself. */
  | 'statuses'
  /** Sense data of 252 bytes, whatever they are. */
  | 'long sense'
  /** CDBs of 32 bytes. */
  | 'long CDBs'
  /** Data-in of a length other than that asked for, zero and more than that included, with its residual. */
  | 'residuals'
  /** Data-in beside a status other than GOOD. */
  | 'data with sense'
  /** Answers come in the order in which they were given. */
  | 'order of answers'
  /** Targets are told to abort one task. */
  | 'abort'
  /** A target may end a command without a status. */
  | 'abandon'
  /** Task management in full. */
  | 'task management'
  /** A target is told that an initiator has left. */
  | 'leaving initiators'
  /** What a target was told and did not answer ends with the fault 'nexus-lost', when it leaves. */
  | 'loss';

/** The reason for each that is lacking. */
export type Lacks = Readonly<Partial<Record<Ability, string>>>;
