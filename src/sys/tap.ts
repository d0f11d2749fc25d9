/**
 * TAP devices: Ethernet interfaces whose frames this process reads and writes, each behind a virtio_net_hdr of
 * ten bytes, with checksum and segmentation offload (linux/if_tun.h). The device ends with its descriptor.
 * Not here: MTU, MAC and addresses (netlink.ts), reading and writing.
 */

import { closeSync, constants, openSync } from 'node:fs';
import { constants as os } from 'node:os';
import { check, libc, SystemError } from './libc.ts';

const ioctl: (fd: number, request: number, argument: Uint8Array) => number = libc.func('ioctl', 'int', [
  'int',
  'ulong',
  'void *',
]);
const ioctlValue: (fd: number, request: number, argument: number) => number = libc.func('ioctl', 'int', [
  'int',
  'ulong',
  'ulong',
]);

const device = '/dev/net/tun';

const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;

const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_TUN_EXCL = 0x8000;

/** TUN_F_*: what we accept from the kernel undone. USO came with Linux 6.2. */
const Offload = { csum: 0x01, tso4: 0x02, tso6: 0x04, tsoEcn: 0x08, uso4: 0x20, uso6: 0x40 } as const;
const tcpOffload = Offload.csum | Offload.tso4 | Offload.tso6 | Offload.tsoEcn;
const udpOffload = Offload.uso4 | Offload.uso6;

/** sizeof(struct virtio_net_hdr), without the count of merged buffers. */
export const virtioNetHeaderSize = 10;

/** struct ifreq: the name, then (for TUNSETIFF) 16 bits of flags. */
const ifreqSize = 40;
const nameSize = 16;

export interface Tap extends Disposable {
  /** Non-blocking, closed on exec. */
  readonly fd: number;
  readonly name: string;
  /** Whether UDP segmentation is offloaded, beside checksums and TCP segmentation. */
  readonly udpSegmentation: boolean;
  /** Takes the interface away. */
  close(): void;
}

/** Says whether Linux would take this as an interface's name (dev_valid_name). */
export const isInterfaceName = (name: string): boolean =>
  /^[^\s/:]{1,15}$/.test(name) && Buffer.byteLength(name) < nameSize && name !== '.' && name !== '..';

/**
 * Makes a TAP device in the calling thread's network namespace; without a name the kernel picks one.
 * @throws SystemError ENOENT or ENXIO: no tun driver; EACCES, EPERM: no permission; EBUSY: the name is taken.
 * @throws RangeError when the name could never be one.
 */
export function openTap(name = ''): Tap {
  if (name !== '' && !isInterfaceName(name)) throw new RangeError(`"${name}" cannot name an interface`);
  const fd = openDevice();
  try {
    return configure(fd, name);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDevice(): number {
  try {
    return openSync(device, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error;
    throw new SystemError('open', device, -error.errno);
  }
}

function configure(fd: number, name: string): Tap {
  const request = new Uint8Array(ifreqSize);
  new TextEncoder().encodeInto(name, request);
  const flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL;
  request.set([flags & 0xff, flags >>> 8], nameSize);
  check(ioctl(fd, TUNSETIFF, request), 'TUNSETIFF', name);
  check(ioctl(fd, TUNSETVNETHDRSZ, Uint8Array.of(virtioNetHeaderSize, 0, 0, 0)), 'TUNSETVNETHDRSZ', name);
  const udpSegmentation = setOffload(fd, tcpOffload | udpOffload);
  if (!udpSegmentation && !setOffload(fd, tcpOffload)) throw new SystemError('TUNSETOFFLOAD', name);
  const given = new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
  const close = () => closeSync(fd);
  return { fd, name: given, udpSegmentation, close, [Symbol.dispose]: close };
}

/** False when the kernel does not know one of the offloads. */
function setOffload(fd: number, offload: number): boolean {
  if (ioctlValue(fd, TUNSETOFFLOAD, offload) === 0) return true;
  const failure = new SystemError('TUNSETOFFLOAD');
  if (failure.errno === os.errno.EINVAL) return false;
  throw failure;
}
