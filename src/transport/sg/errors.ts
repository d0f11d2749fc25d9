/** Why a device can't be used. */
export type SgFault =
  /** There is no such file. */
  | 'absent'
  /** The file is there, but nothing behind it, or it is switched off. */
  | 'offline'
  /** We may not read and write it. */
  | 'permission'
  /** It is no SCSI generic device. */
  | 'not-sg'
  | 'system';

export class SgError extends Error {
  override readonly name = 'SgError';
  readonly fault: SgFault;
  /** What to do. */
  readonly hint: string;

  constructor(fault: SgFault, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.hint = hint;
  }
}

const faults: Readonly<Record<string, SgFault>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  ENXIO: 'offline',
  ENODEV: 'offline',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
  ENOTTY: 'not-sg',
  EISDIR: 'not-sg',
  EINVAL: 'not-sg',
};

const hints: Readonly<Record<SgFault, string>> = {
  absent: '`ipscsi scan --bus sg:` shows which there are; without any, load the driver: modprobe sg',
  offline: 'the device is gone or offline; see its state under /sys/class/scsi_generic',
  permission: 'run as root, or give yourself the right to read and write it (chmod, or a udev rule)',
  'not-sg': 'name a /dev/sgN; `lsscsi -g` shows which belongs to a disk or a tape',
  system: 'see dmesg',
};

/** Says of anything that opening threw what there is to say. */
export function sgError(path: string, error: unknown): SgError {
  if (error instanceof SgError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const fault = faults[code] ?? 'system';
  return new SgError(fault, `${path} can't be used: ${message}`, hints[fault], { cause: error });
}
