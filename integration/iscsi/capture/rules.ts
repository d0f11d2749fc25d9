/** What RFC 7143 says of the PDUs of one connection together: numbers in order, every request answered once. */

import { InitiatorOpcode, reservedTag, TargetOpcode } from '../../../src/transport/iscsi/opcodes.ts';
import { advance, ahead } from '../../../src/transport/iscsi/serial.ts';
import type { RecordedPdu } from './recorded.ts';

/** Which response ends which request; SCSI commands may end with Data-In, too. */
const answers: Readonly<Record<number, number>> = {
  [TargetOpcode.nopIn]: InitiatorOpcode.nopOut,
  [TargetOpcode.scsiResponse]: InitiatorOpcode.scsiCommand,
  [TargetOpcode.dataIn]: InitiatorOpcode.scsiCommand,
  [TargetOpcode.taskManagementResponse]: InitiatorOpcode.taskManagementRequest,
  [TargetOpcode.loginResponse]: InitiatorOpcode.loginRequest,
  [TargetOpcode.textResponse]: InitiatorOpcode.textRequest,
  [TargetOpcode.logoutResponse]: InitiatorOpcode.logoutRequest,
};
const requests = new Set(Object.values(answers));

/** A response that ends its request; Data-In only does with status. */
export const isAnswer = ({ opcode, values }: RecordedPdu): boolean =>
  answers[opcode] !== undefined &&
  values['tag'] !== reservedTag &&
  (opcode !== TargetOpcode.dataIn || values['hasStatus'] === 1);

class Rules {
  readonly complaints: string[] = [];
  /** The next of each kind of number; undefined until the first was seen. */
  #statSn: number | undefined;
  #cmdSn: number | undefined;
  /** Numbers that never go back. */
  readonly #highest = new Map<string, number>();
  /** Next DataSN or R2TSN, by what they count in. */
  readonly #counts = new Map<string, number>();
  /** Requests without an answer, by tag. */
  readonly open = new Map<number, RecordedPdu>();
  /** Task management, a reject or an asynchronous message may end tasks without an answer. */
  disturbed = false;

  #complain(pdu: RecordedPdu, what: string): void {
    this.complaints.push(`${pdu.layout.title} ${JSON.stringify(pdu.values['tag'])}: ${what}`);
  }

  pdu(pdu: RecordedPdu): void {
    if (pdu.side === 0) this.#request(pdu);
    else this.#response(pdu);
  }

  #request(pdu: RecordedPdu): void {
    const { opcode, values } = pdu;
    this.#neverBack(pdu, 'expStatSn');
    if (opcode === InitiatorOpcode.dataOut) this.#counted(pdu, `${values['tag']}/${values['transferTag']}`);
    if (!requests.has(opcode)) return;
    this.#numbered(pdu);
    if (opcode === InitiatorOpcode.taskManagementRequest) this.disturbed = true;
    const tag = Number(values['tag']);
    if (tag === reservedTag) return; // a NOP-Out that wants no answer
    if (this.open.has(tag)) this.#complain(pdu, 'the tag is in use');
    this.open.set(tag, pdu);
    for (const key of this.#counts.keys()) if (key.startsWith(`${tag}/`)) this.#counts.delete(key);
  }

  /** CmdSN: one more with each request that is not immediate (RFC 7143 §4.2.2.1). */
  #numbered(pdu: RecordedPdu): void {
    const cmdSn = Number(pdu.values['cmdSn']);
    if (this.#cmdSn !== undefined && cmdSn !== this.#cmdSn)
      this.#complain(pdu, `CmdSN ${cmdSn}, not ${this.#cmdSn}`);
    this.#cmdSn = pdu.values['immediate'] === 1 ? cmdSn : advance(cmdSn);
  }

  #response(pdu: RecordedPdu): void {
    const { opcode, values } = pdu;
    this.#neverBack(pdu, 'expCmdSn');
    this.#neverBack(pdu, 'maxCmdSn');
    if (ahead(Number(values['maxCmdSn']), Number(values['expCmdSn'])) < -1)
      this.#complain(pdu, 'MaxCmdSN is behind ExpCmdSN');
    this.#status(pdu);
    if (opcode === TargetOpcode.dataIn) this.#counted(pdu, `${values['tag']}/in`);
    if (opcode === TargetOpcode.readyToTransfer) {
      this.#counted(pdu, `${values['tag']}/in`, 'r2tSn');
      this.#counts.delete(`${values['tag']}/${values['transferTag']}`); // a transfer tag may come again (tgt)
    }
    if (opcode === TargetOpcode.reject || opcode === TargetOpcode.asyncMessage) this.disturbed = true;
    if (isAnswer(pdu)) this.#answer(pdu);
  }

  /** StatSN: one more with each status; R2T and pings of the target show the next one (RFC 7143 §4.2.2.2). */
  #status(pdu: RecordedPdu): void {
    const { opcode, values } = pdu;
    if (opcode === TargetOpcode.dataIn && values['hasStatus'] === 0) return;
    const statSn = Number(values['statSn']);
    if (this.#statSn !== undefined && statSn !== this.#statSn)
      this.#complain(pdu, `StatSN ${statSn}, not ${this.#statSn}`);
    const takes =
      opcode !== TargetOpcode.readyToTransfer &&
      (opcode !== TargetOpcode.nopIn || values['tag'] !== reservedTag);
    this.#statSn = takes ? advance(statSn) : statSn;
  }

  #answer(pdu: RecordedPdu): void {
    const tag = Number(pdu.values['tag']);
    const request = this.open.get(tag);
    if (request?.opcode !== answers[pdu.opcode]) this.#complain(pdu, 'answers nothing');
    this.open.delete(tag);
  }

  /** DataSN and R2TSN count from 0 (RFC 7143 §4.2.2.4). */
  #counted(pdu: RecordedPdu, key: string, name = 'dataSn'): void {
    const next = this.#counts.get(key) ?? 0;
    if (pdu.values[name] !== next) this.#complain(pdu, `${name} ${pdu.values[name]}, not ${next}`);
    this.#counts.set(key, next + 1);
  }

  #neverBack(pdu: RecordedPdu, name: string): void {
    if (pdu.opcode === InitiatorOpcode.snack) return;
    const value = Number(pdu.values[name]);
    const highest = this.#highest.get(name);
    if (highest !== undefined && ahead(value, highest) < 0)
      this.#complain(pdu, `${name} goes back from ${highest} to ${value}`);
    this.#highest.set(name, value);
  }
}

/** What breaks the rules in a connection that behaved until it ended. */
export function breaches(pdus: readonly RecordedPdu[]): string[] {
  const rules = new Rules();
  for (const pdu of pdus) rules.pdu(pdu);
  const last = pdus.at(-1)?.opcode;
  const logout = last === TargetOpcode.logoutResponse && !rules.disturbed;
  const unanswered = logout ? [...rules.open.values()] : [];
  return [
    ...rules.complaints,
    ...unanswered.map(({ layout, values }) => `${layout.title} ${values['tag']} has no answer`),
  ];
}
