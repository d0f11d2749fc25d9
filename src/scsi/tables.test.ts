import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferMode } from './buffers.ts';
import { TaskAttribute, TaskManagement, TaskManagementResponse } from './command.ts';
import {
  BlockOpcode,
  CommunicationsOpcode,
  DeviceType,
  MaintenanceInAction,
  Opcode,
  ProcessorOpcode,
} from './opcodes.ts';
import { AdditionalSense, SenseKey } from './sense.ts';
import { Status } from './status.ts';
import { VitalProductPage } from './vital-product-data.ts';

const tables = {
  BufferMode,
  AdditionalSense,
  SenseKey,
  Status,
  DeviceType,
  MaintenanceInAction,
  TaskAttribute,
  TaskManagement,
  TaskManagementResponse,
  VitalProductPage,
  'codes of communications devices': { ...Opcode, ...CommunicationsOpcode },
  'codes of block devices': { ...Opcode, ...BlockOpcode },
  'codes of processor devices': { ...Opcode, ...ProcessorOpcode },
};

for (const [name, table] of Object.entries(tables)) {
  test(`no two names of ${name} share a value`, () => {
    const values = Object.values(table);
    assert.equal(new Set(values).size, values.length);
  });
}

test('LOGICAL UNIT NOT SUPPORTED is 25h, not the 21h of LOGICAL BLOCK ADDRESS OUT OF RANGE', () =>
  assert.equal(AdditionalSense.logicalUnitNotSupported, 0x2500));
