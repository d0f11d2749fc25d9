/** The public names of package `ipscsi`. */
export {
  type Command,
  type Nexus,
  type Target,
  TaskAttribute,
  TaskManagement,
  TaskManagementResponse,
} from './scsi/command.ts';
export { Status } from './scsi/status.ts';
export { Task, type TransportFault } from './transport/task.ts';
export {
  execute,
  type InitiatorNexus,
  type Limits,
  type Outcome,
  type Port,
  type PortListener,
  type Request,
  TransportError,
} from './transport/transport.ts';
