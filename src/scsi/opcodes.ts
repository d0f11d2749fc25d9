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

/** Service actions of MAINTENANCE IN (SPC-4). */
export const MaintenanceInAction = { reportSupportedOperationCodes: 0x0c } as const;

/** Peripheral device types that we are, and "unknown or no device type" (SPC-4, INQUIRY). */
export const DeviceType = { processor: 0x03, communications: 0x09, none: 0x1f } as const;
export type DeviceType = (typeof DeviceType)[keyof typeof DeviceType];
