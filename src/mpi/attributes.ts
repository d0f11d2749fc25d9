/** Attributes: what programs and libraries hang on a communicator (MPI-4.0 §7.7). */

/** What becomes of an attribute when its communicator is duplicated: undefined leaves it behind. */
export type AttributeCopy<T> = (value: T) => T | undefined;

/** A key for attributes of one type. */
export interface Keyval<T> {
  readonly onCopy: AttributeCopy<T> | undefined;
  readonly onDelete: ((value: T) => void) | undefined;
}

/** A new key. Without `onCopy`, attributes are left behind by dup(). */
export const createKeyval = <T>(onCopy?: AttributeCopy<T>, onDelete?: (value: T) => void): Keyval<T> => ({
  onCopy,
  onDelete,
});

/** The attributes that a duplicate gets. */
export function* runCopies(
  attributes: ReadonlyMap<Keyval<unknown>, unknown>,
): Generator<readonly [Keyval<unknown>, unknown]> {
  for (const [key, value] of attributes) {
    const copied = key.onCopy?.(value);
    if (copied !== undefined) yield [key, copied];
  }
}
