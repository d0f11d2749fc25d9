/** A target of ours in this process, with a relay before it that records. */

import { ramDisk } from '../../../src/scsi/block/unit.ts';
import { DeviceServer } from '../../../src/scsi/device-server.ts';
import { processorUnit } from '../../../src/scsi/logical-unit.ts';
import { createTarget, type IscsiTarget, type TargetOptions } from '../../../src/transport/iscsi/target.ts';
import { checkCapture, type Verdict } from './check.ts';
import { Tap } from './tap.ts';

export const stageName = 'iqn.2026-01.org.example:stage';
const identity = { vendor: 'IPSCSI', product: 'stage', revision: '0.1', serial: '1' };
/** Messages never come: RECEIVE waits for ever. */
const silence = { send: () => undefined, get: () => undefined, cancelled: () => undefined };

export class Stage implements AsyncDisposable {
  readonly target: IscsiTarget;
  readonly tap: Tap;

  private constructor(target: IscsiTarget, tap: Tap) {
    this.target = target;
    this.tap = tap;
  }

  /** LUN 0: a processor device whose RECEIVE never ends; LUN 1: a RAM disk of 8 MiB. */
  static async open(options: Partial<TargetOptions> = {}): Promise<Stage> {
    const device = new DeviceServer(
      new Map([
        [0, processorUnit({ identity, service: silence })],
        [1, ramDisk({ identity, blocks: 8 * 2048 })],
      ]),
      { powerOnUnitAttention: false },
    );
    const target = await createTarget({ name: stageName, portals: ['127.0.0.1:0'], device, ...options });
    return new Stage(target, await Tap.start(target.address));
  }

  /** Where to log in. */
  get to(): { readonly portal: string; readonly target: string } {
    return { portal: this.tap.portal, target: stageName };
  }

  /** Waits until everybody has gone, and checks what was recorded. */
  async verdict(): Promise<Verdict> {
    await this.tap.quiet();
    return checkCapture(this.tap.recordings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tap[Symbol.asyncDispose]();
    this.target.close();
  }
}
