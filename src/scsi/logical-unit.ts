/** What a logical unit is: its device type, who it says it is, and who handles its messages. */

import type { Nexus } from './command.ts';
import { type CommandForm, commandSet, messageForms } from './command-set.ts';
import type { ItlNexus } from './itl-nexus.ts';
import type { MessageService } from './message-service.ts';
import { DeviceType } from './opcodes.ts';
import type { ServerTask } from './server-task.ts';

/** Who a logical unit says it is, in INQUIRY and its pages. Printable ASCII. */
export interface Identity {
  /** T10 vendor identification, up to 8 characters. */
  readonly vendor: string;
  /** Up to 16 characters. */
  readonly product: string;
  /** Up to 4 characters. */
  readonly revision: string;
  /** Up to 200 characters; with the vendor it should be unique in the world. */
  readonly serial: string;
  /** The ANSI level claimed (SPC-4, INQUIRY, VERSION); 2, SCSI-2, unless told: the last with communications devices. */
  readonly version?: number;
}

export interface LogicalUnitOptions {
  readonly identity: Identity;
  readonly service: MessageService;
  /** Vendor specific vital product data by page code, C0h to FFh: what follows the page's four bytes of header. */
  readonly vendorPages?: ReadonlyMap<number, () => Uint8Array>;
  /** Commands held at once, from all hosts; more are answered TASK SET FULL, or BUSY. 1024 unless told. */
  readonly maxTasks?: number;
  /** WRITE BUFFER and READ BUFFER in data mode with this buffer ID carry messages; the buffer offset is the stream. */
  readonly messageBufferId?: number;
}

/** What a device type of its own adds: commands beyond those that all have, who may give them, and pages. */
export interface UnitModel {
  readonly commands: readonly CommandForm[];
  /** The medium can be taken out (RMB). */
  readonly removable: boolean;
  /** Standards that INQUIRY claims, by their numbers (SPC-4, version descriptors). */
  readonly standards: readonly number[];
  /** Vital product data pages B0h to BFh: what follows the header. */
  readonly pages: ReadonlyMap<number, () => Uint8Array>;
  /** False: reservations are in the way. */
  admits(task: ServerTask, itl: ItlNexus): boolean;
  /** Carries a well-formed command out; false leaves it to what all devices do. */
  execute(task: ServerTask, itl: ItlNexus, form: CommandForm): boolean;
  /** The unit was reset. */
  reset(): void;
  nexusLost(nexus: Nexus): void;
}

function refuseText(what: string, text: string, most: number): void {
  if (text.length > most || !/^[\x20-\x7e]*$/.test(text))
    throw new RangeError(
      `${what} is at most ${most} printable ASCII characters, not ${JSON.stringify(text)}`,
    );
}

export class LogicalUnit {
  readonly deviceType: DeviceType;
  readonly identity: Identity;
  readonly service: MessageService;
  readonly vendorPages: ReadonlyMap<number, () => Uint8Array>;
  readonly maxTasks: number;
  readonly messageBufferId: number | undefined;
  readonly commands: readonly CommandForm[];
  /** See messageForms(). */
  readonly messageForms: Int8Array;
  /** Commands held now, from all hosts; the device server counts here. */
  held = 0;

  readonly model: UnitModel | undefined;

  constructor(deviceType: DeviceType, options: LogicalUnitOptions, model?: UnitModel) {
    const { identity } = options;
    refuseText('a vendor', identity.vendor, 8);
    refuseText('a product', identity.product, 16);
    refuseText('a revision', identity.revision, 4);
    refuseText('a serial number', identity.serial, 200);
    this.vendorPages = options.vendorPages ?? new Map();
    for (const page of this.vendorPages.keys())
      if (!(page >= 0xc0 && page <= 0xff)) throw new RangeError(`a vendor page is C0h to FFh, not ${page}`);
    this.deviceType = deviceType;
    this.identity = identity;
    this.service = options.service;
    this.maxTasks = options.maxTasks ?? 1024;
    this.messageBufferId = options.messageBufferId;
    this.model = model;
    this.commands = model?.commands ?? commandSet(deviceType);
    this.messageForms = messageForms(deviceType);
  }
}

/** A communications device (SCSI-2 §18), type 09h: GET MESSAGE and SEND MESSAGE. */
export const communicationsUnit = (options: LogicalUnitOptions): LogicalUnit =>
  new LogicalUnit(DeviceType.communications, options);

/** A processor device (SCSI-2 §12), type 03h: RECEIVE and SEND. */
export const processorUnit = (options: LogicalUnitOptions): LogicalUnit =>
  new LogicalUnit(DeviceType.processor, options);
