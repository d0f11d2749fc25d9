/** Errors of MPI calls (MPI-4.0 §9.4), each with its class. */

/** Error classes that we raise, with the numbers that Open MPI and MPICH agree on where they do. */
export const ErrorClass = {
  ERR_BUFFER: 1,
  ERR_COUNT: 2,
  ERR_TYPE: 3,
  ERR_TAG: 4,
  ERR_COMM: 5,
  ERR_RANK: 6,
  ERR_ROOT: 7,
  ERR_GROUP: 8,
  ERR_OP: 9,
  ERR_TOPOLOGY: 10,
  ERR_DIMS: 11,
  ERR_ARG: 12,
  ERR_TRUNCATE: 14,
  ERR_OTHER: 15,
  ERR_INTERN: 16,
  ERR_PENDING: 18,
  ERR_REQUEST: 19,
  ERR_NO_MEM: 34,
  ERR_KEYVAL: 48,
  ERR_PROC_FAILED: 75,
} as const;
export type ErrorClass = keyof typeof ErrorClass;

/** An MPI call failed. The message says which rank, peer, tag and sizes. */
export class MpiError extends Error {
  override readonly name = 'MpiError';
  readonly errorClass: ErrorClass;

  constructor(errorClass: ErrorClass, message: string, options?: ErrorOptions) {
    super(`MPI_${errorClass}: ${message}`, options);
    this.errorClass = errorClass;
  }

  /** The class's number. */
  get code(): number {
    return ErrorClass[this.errorClass];
  }
}
