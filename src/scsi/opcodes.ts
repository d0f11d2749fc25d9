/** Operation codes and peripheral device types. What a code means depends on the device type: decode by both. */

/** Commands of all device types (SPC-4). */
export const Opcode = {
  testUnitReady: 0x00,
  requestSense: 0x03,
  inquiry: 0x12,
  sendDiagnostic: 0x1d,
  writeBuffer: 0x3b,
  readBuffer: 0x3c,
  reportLuns: 0xa0,
  maintenanceIn: 0xa3,
} as const;

/** Commands of communications devices (SCSI-2 §18.2). */
export const CommunicationsOpcode = {
  getMessage6: 0x08,
  sendMessage6: 0x0a,
  getMessage10: 0x28,
  sendMessage10: 0x2a,
  getMessage12: 0xa8,
  sendMessage12: 0xaa,
} as const;

/** Commands of processor devices (SCSI-2 §12.2, SPC-2). */
export const ProcessorOpcode = { receive: 0x08, send: 0x0a } as const;

/** Commands of direct access block devices (SBC-3), and those of SPC-4 that only they have here. */
export const BlockOpcode = {
  read6: 0x08,
  write6: 0x0a,
  modeSelect6: 0x15,
  reserve6: 0x16,
  release6: 0x17,
  modeSense6: 0x1a,
  startStopUnit: 0x1b,
  preventAllowMediumRemoval: 0x1e,
  readCapacity10: 0x25,
  read10: 0x28,
  write10: 0x2a,
  writeAndVerify10: 0x2e,
  verify10: 0x2f,
  preFetch10: 0x34,
  synchronizeCache10: 0x35,
  readDefectData10: 0x37,
  writeSame10: 0x41,
  unmap: 0x42,
  modeSelect10: 0x55,
  modeSense10: 0x5a,
  persistentReserveIn: 0x5e,
  persistentReserveOut: 0x5f,
  read16: 0x88,
  compareAndWrite: 0x89,
  write16: 0x8a,
  orWrite16: 0x8b,
  writeAndVerify16: 0x8e,
  verify16: 0x8f,
  preFetch16: 0x90,
  synchronizeCache16: 0x91,
  writeSame16: 0x93,
  writeAtomic16: 0x9c,
  serviceActionIn16: 0x9e,
  read12: 0xa8,
  write12: 0xaa,
  writeAndVerify12: 0xae,
  verify12: 0xaf,
  readDefectData12: 0xb7,
} as const;

/** Service actions of MAINTENANCE IN (SPC-4). */
export const MaintenanceInAction = { reportSupportedOperationCodes: 0x0c } as const;

/** Peripheral device types that we are, and "unknown or no device type" (SPC-4, INQUIRY). */
export const DeviceType = { block: 0x00, processor: 0x03, communications: 0x09, none: 0x1f } as const;
export type DeviceType = (typeof DeviceType)[keyof typeof DeviceType];
