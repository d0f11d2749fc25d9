/** Has tshark dissect a capture, and reads what it found in each PDU. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../lab/processes.ts';
import type { Side } from './tap.ts';

/** A PDU as tshark sees it. */
export interface DissectedPdu {
  /** Of the packet that completes it. */
  readonly frame: number;
  /** What it calls it: "iSCSI (Login Command)". */
  readonly title: string;
  /** What it shows of its fields, by its names for them; the first where there are several. */
  readonly fields: ReadonlyMap<string, string>;
  /** iscsi.keyvalue. */
  readonly pairs: readonly string[];
  /** What it thinks of digests: "HeaderDigest: 0xcf11b5dc (Good CRC32)". */
  readonly digests: readonly string[];
}

/** What it found, by the initiator's TCP port, then by who sent it. */
export interface Dissection {
  readonly connections: ReadonlyMap<number, readonly [initiator: DissectedPdu[], target: DissectedPdu[]]>;
  /** Packets that are malformed, no iSCSI, or suspicious to it. */
  readonly complaints: readonly string[];
}

/** Whatever the user's own settings are. */
const settings = [
  'tcp.desegment_tcp_streams:TRUE',
  'tcp.check_checksum:TRUE',
  'ip.check_checksum:TRUE',
  'iscsi.desegment_iscsi_messages:TRUE',
  'iscsi.target_ports:3260',
  'iscsi.bogus_pdu_filter:TRUE',
  'iscsi.bogus_pdu_max_data_len:16777216',
].flatMap((setting) => ['-o', setting]);

/** Packets with a payload that belongs to no PDU, and whatever tshark warns of. */
const suspicious = [
  '_ws.malformed',
  '_ws.short',
  '_ws.unreassembled',
  '_ws.expert.severity >= 0x600000', // warnings and errors
  '(tcp.len > 0 && !iscsi && !tcp.reassembled_in)',
].join(' || ');
/** Said of data-in that its CDB wanted longer than the initiator took: that is what a residual overflow is. */
const overflow = /\[SCSI transfer limited due to allocation_length too small\]$/;

/** @throws Error when tshark fails */
async function tshark(path: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(['tshark', '-n', '-2', '-r', path, ...settings, ...args], {
    WIRESHARK_CONFIG_DIR: '/nonexistent',
  });
  if (code !== 0) throw new Error(`tshark ended with ${code}: ${err}`);
  return out;
}

/** @throws Error when tshark fails */
export async function dissect(pcap: Uint8Array): Promise<Dissection> {
  const folder = mkdtempSync(join(tmpdir(), 'ipscsi-pcap-'));
  const path = join(folder, 'capture.pcap');
  try {
    writeFileSync(path, pcap);
    const shown = ['frame.number', '_ws.expert.message', '_ws.col.Info'].flatMap((name) => ['-e', name]);
    const [complaints, pdml] = await Promise.all([
      tshark(path, '-Y', suspicious, '-T', 'fields', ...shown),
      tshark(path, '-T', 'pdml', '-J', 'iscsi iscsi.flags'),
    ]);
    const serious = complaints.split('\n').filter((line) => line !== '' && !overflow.test(line));
    return { connections: readPdml(pdml), complaints: serious };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const attribute = (line: string, name: string): string => {
  const found = new RegExp(` ${name}="([^"]*)"`).exec(line)?.[1] ?? '';
  return found
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
};

interface Growing extends DissectedPdu {
  readonly fields: Map<string, string>;
  readonly pairs: string[];
  readonly digests: string[];
}

/**
 * PDML has one element a line, indented. A PDU's flags may stand behind its element, at the packet's level. Within a Reject stands the
 * header that was rejected, as a PDU; tshark takes the Reject's data digest for that one's header digest, which it equals.
 */
class Reader {
  readonly connections = new Map<number, readonly [DissectedPdu[], DissectedPdu[]]>();
  #frame = 0;
  #list: DissectedPdu[] = [];
  #pdu: Growing | undefined;
  #rejected = false;

  line(line: string): void {
    if (line.startsWith('<packet>')) this.#pdu = undefined;
    else if (line.includes('<field name="num"')) this.#frame = Number(attribute(line, 'show'));
    else if (line.includes('<proto name="tcp"')) this.#list = listOf(this.connections, line);
    else if (line.includes('<proto name="iscsi"')) this.#begin(line);
    else if (this.#pdu && line.includes('<field ')) this.#field(this.#pdu, line);
  }

  #begin(line: string): void {
    this.#rejected = this.#pdu !== undefined && line.startsWith('    ');
    if (this.#rejected) return;
    const [frame, title] = [this.#frame, attribute(line, 'showname')];
    this.#pdu = { frame, title, fields: new Map(), pairs: [], digests: [] };
    this.#list.push(this.#pdu);
  }

  #field(pdu: Growing, line: string): void {
    const name = attribute(line, 'name');
    const digest = /digest32$/.test(name) ? attribute(line, 'showname') : undefined;
    if (digest) pdu.digests.push(this.#rejected ? digest.replace('HeaderDigest', 'DataDigest') : digest);
    if (this.#rejected) return;
    if (name === 'iscsi.keyvalue') pdu.pairs.push(attribute(line, 'show'));
    if (name !== '' && !pdu.fields.has(name)) pdu.fields.set(name, attribute(line, 'show'));
  }
}

function readPdml(pdml: string): Dissection['connections'] {
  const reader = new Reader();
  for (const line of pdml.split('\n')) reader.line(line);
  return reader.connections;
}

function listOf(connections: Map<number, readonly [DissectedPdu[], DissectedPdu[]]>, line: string) {
  const [, from, to] = /Src Port: (\d+), Dst Port: (\d+)/.exec(line) ?? [];
  const side: Side = to === '3260' ? 0 : 1;
  const port = Number(side === 0 ? from : to);
  const lists = connections.get(port) ?? [[], []];
  connections.set(port, lists);
  return lists[side];
}
