/** A virtual machine whose disks are ours, through virtio-scsi and QEMU's iSCSI driver: Linux writes, reads back, makes a file system. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { connect, Status } from '../../src/iscsi.ts';
import { missing } from '../lab/processes.ts';
import { runInVm, vmMissing } from '../vm/vm.ts';
import { access, read10 } from './exchange.ts';
import { DiskTarget, diskTargetName } from './target-process.ts';

/** What is written to each disk, in bytes; the checks below count on it. */
const size = 4 << 20;
/** One disk's commands are the guest's own (scsi-block), the other's are QEMU's (scsi-hd). */
const disks = [
  { lun: 1, device: 'scsi-block' },
  { lun: 2, device: 'scsi-hd' },
];

/** Runs in the guest: prints the checksum of what was written to each disk. */
const script = `
set -euo pipefail
disk_of() { # the disk with this SCSI ID: the kernel gives out names as it finds them
  local found=
  for ((i = 0; i < 300; i++)); do
    found=$(basename /sys/class/scsi_device/*:0:"$1":0/device/block/*)
    [[ -b /dev/$found ]] && break
    sleep 0.1
  done
  echo "$found"
}
disk=$(disk_of 1) other=$(disk_of 2)
echo "vendor $(cat /sys/block/$disk/device/vendor)"
echo "blocks $(cat /sys/block/$disk/size) $(cat /sys/block/$other/size)"
cd /run
for name in $disk $other; do
  head -c ${size} /dev/urandom > written
  dd if=written of=/dev/$name bs=256k oflag=direct status=none
  dd if=written of=/dev/$name bs=4k skip=100 seek=100 count=64 oflag=direct conv=notrunc status=none
  dd if=/dev/$name of=read bs=64k count=$((${size} / 65536)) iflag=direct status=none
  cmp written read
  echo "checksum $(sha256sum < written | cut -d' ' -f1)"
done
modprobe ext4
mkfs.ext4 -q -E offset=$((16 << 20)) /dev/$disk 24m
losetup -o $((16 << 20)) /dev/loop0 /dev/$disk
mkdir -p mnt
mount /dev/loop0 mnt
cp written mnt/file
umount mnt
mount -o ro /dev/loop0 mnt
cmp written mnt/file
umount mnt
fsck.ext4 -fn /dev/loop0 > /dev/null 2>&1
losetup -d /dev/loop0
dmesg | grep -E 'I/O error|critical|Sense Key' || echo no errors
`;

const drive = ({ lun, device }: { readonly lun: number; readonly device: string }, url: string) => [
  '-drive',
  `if=none,id=d${lun},format=raw,cache=none,file=${url}`,
  '-device',
  `${device},bus=s0.0,scsi-id=${lun},drive=d${lun}`,
];

/** The checksum of a disk's beginning, by our own initiator. */
async function checksum(portal: string, lun: number): Promise<string> {
  await using session = await connect({ portal, target: diskTargetName });
  const hash = createHash('sha256');
  const blocks = 512;
  for (let at = 0; at < size / 512; at += blocks) {
    const cdb = access(read10, blocks, at);
    const { status, dataIn } = await session.execute({ cdb, lun, dataIn: 512 * blocks });
    assert.equal(status, Status.good);
    hash.update(dataIn);
  }
  return hash.digest('hex');
}

describe('a virtual machine on our disks', { skip: missing('mkfs.ext4', 'qemu-img') || vmMissing() }, () => {
  it('writes and verifies, and makes a file system; we find what it wrote', async () => {
    await using target = await DiskTarget.start();
    const qemu = [
      ...['-device', 'virtio-scsi-pci,id=s0'],
      ...disks.flatMap((disk) => drive(disk, target.url(disk.lun))),
    ];
    const modules = ['virtio_scsi', 'sd_mod', 'loop'];
    const { code, out, err } = await runInVm(['bash', '-c', script], { qemu, modules, limit: 240 });
    assert.equal(code, 0, out + err);
    assert.match(out, /^vendor IPSCSI\b.*\nblocks 131072 131072$/m);
    assert.match(out, /^no errors$/m);
    const sums = [...out.matchAll(/^checksum (\w+)$/gm)].map(([, sum]) => sum);
    assert.deepEqual(sums, [await checksum(target.portal, 1), await checksum(target.portal, 2)]);
  });
});
