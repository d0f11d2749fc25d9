/** The public names of `ipscsi/iscsi`: iSCSI (RFC 7143) as a library, and what a device needs to be served by it. */
export { type RamDiskOptions, ramDisk } from './scsi/block/unit.ts';
export {
  type Command,
  type Nexus,
  type Target,
  TaskAttribute,
  TaskManagement,
  TaskManagementResponse,
} from './scsi/command.ts';
export { DeviceServer, type DeviceServerOptions } from './scsi/device-server.ts';
export { decodeSense, encodeSense, type Sense } from './scsi/sense-data.ts';
export { Status } from './scsi/status.ts';
export type { Portal } from './transport/iscsi/addresses.ts';
export type { Credentials } from './transport/iscsi/chap.ts';
export {
  type ConnectOptions,
  connect,
  discover,
  type FoundTarget,
  type IscsiSession,
} from './transport/iscsi/connect.ts';
export { type InitiatorChap, LoginError } from './transport/iscsi/initiator-login.ts';
export type { Settings, Wishes } from './transport/iscsi/keys.ts';
export { IscsiPort, type IscsiPortOptions } from './transport/iscsi/port.ts';
export type { RouteTo } from './transport/iscsi/route.ts';
export { createTarget, type IscsiTarget, type TargetOptions } from './transport/iscsi/target.ts';
export type { TargetChap, TargetCounters, Timeouts } from './transport/iscsi/target-node.ts';
export type { Task, TransportFault } from './transport/task.ts';
export {
  type InitiatorNexus,
  type Limits,
  type Outcome,
  type Request,
  TransportError,
} from './transport/transport.ts';
