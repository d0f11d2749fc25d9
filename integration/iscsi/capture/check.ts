/** Compares what tshark finds in recorded connections with what we find, and both with the RFC. */

import { type DissectedPdu, type Dissection, dissect } from './dissection.ts';
import { names, withStatus, withTransit } from './names.ts';
import { type RecordedPdu, type RecordedSession, readRecording } from './recorded.ts';
import { breaches, isAnswer } from './rules.ts';
import { pcapOf, type Recording } from './tap.ts';

export interface Verdict {
  /** Nothing is wrong when there are none. */
  readonly complaints: readonly string[];
  /** Of the PDUs that both read alike: how many by name, and how many digests were found good. */
  readonly pdus: ReadonlyMap<string, number>;
  readonly digests: number;
}

const firstPort = 49152;

/** Numbers as tshark shows them: decimal or 0x…; bytes as 80:01:…; anything else is no number. */
function sameValue(ours: unknown, shown: string): boolean {
  if (ours instanceof Uint8Array)
    return Buffer.from(ours).toString('hex') === shown.replaceAll(':', '').toLowerCase();
  return Number(shown) === ours;
}

/** Where the whole of a text lies in one PDU, its pairs. */
function pairsOf({ layout, values, data }: RecordedPdu): readonly string[] | undefined {
  if (!/^(Login|Text)/.test(layout.title) || values['continues'] === 1) return undefined;
  const items = new TextDecoder().decode(data).split('\0');
  return items.filter((item) => item !== '');
}

class Comparison {
  readonly complaints: string[] = [];
  readonly pdus = new Map<string, number>();
  digests = 0;

  connection(
    index: number,
    session: RecordedSession,
    dissected: readonly [DissectedPdu[], DissectedPdu[]],
  ): void {
    const say = (what: string) => this.complaints.push(`connection ${index}: ${what}`);
    for (const side of [0, 1] as const) {
      const ours = session.pdus.filter((pdu) => pdu.side === side);
      const theirs = dissected[side];
      const who = side === 0 ? 'initiator' : 'target';
      if (ours.length !== theirs.length) say(`${who}: ${ours.length} PDUs, to tshark ${theirs.length}`);
      for (const [i, pdu] of ours.entries()) {
        const other = theirs[i];
        if (other)
          this.#pdu(pdu, other, (what) => say(`${who} ${pdu.layout.title} (${other.frame}): ${what}`));
      }
    }
    this.#pairs(session, dissected, say);
  }

  #pdu(pdu: RecordedPdu, other: DissectedPdu, say: (what: string) => void): void {
    const { layout, opcode, values } = pdu;
    this.pdus.set(layout.title, (this.pdus.get(layout.title) ?? 0) + 1);
    const wanted = {
      ...names[opcode],
      ...(values['hasStatus'] === 1 ? withStatus : {}),
      ...(values['transit'] === 1 ? withTransit : {}),
    };
    for (const [field, name] of Object.entries(wanted)) {
      const shown = other.fields.get(name);
      if (shown === undefined) say(`tshark shows no ${name}`);
      else if (!sameValue(values[field], shown)) say(`${field} is ${values[field]}, to tshark ${shown}`);
    }
    const pairs = pairsOf(pdu);
    if (pairs && pairs.join('\n') !== other.pairs.join('\n'))
      say(`says ${pairs.join(', ')}; to tshark ${other.pairs.join(', ')}`);
    this.#verdicts(pdu, other.digests, say);
  }

  #verdicts(pdu: RecordedPdu, digests: readonly string[], say: (what: string) => void): void {
    const { headerDigest, dataDigest } = pdu;
    const wanted = [...(headerDigest ? ['HeaderDigest'] : []), ...(dataDigest ? ['DataDigest'] : [])];
    const good = (name: string) =>
      digests.some((text) => new RegExp(`^${name}.*\\(Good CRC32\\)`).test(text));
    if (digests.length !== wanted.length || !wanted.every(good))
      say(`digests: ${digests.join(', ') || 'none'}`);
    else this.digests += digests.length;
  }

  /** tshark names the packet that holds the request; a request of the same tag has to end there. */
  #pairs(
    session: RecordedSession,
    [requests, responses]: readonly [DissectedPdu[], DissectedPdu[]],
    say: (what: string) => void,
  ): void {
    const ours = session.pdus.filter(({ side }) => side === 1);
    for (const [i, pdu] of ours.entries()) {
      const frame = responses[i]?.fields.get('iscsi.request_frame');
      if (!isAnswer(pdu) || !/^SCSI/.test(pdu.layout.title)) continue;
      const tag = Number(pdu.values['tag']);
      const named = requests.some(
        (request) =>
          String(request.frame) === frame && Number(request.fields.get('iscsi.initiatortasktag')) === tag,
      );
      if (!named) say(`${pdu.layout.title} ${tag}: tshark finds no request`);
    }
  }
}

/**
 * Checks recorded connections: every byte is part of a PDU, tshark reads each as we do and finds nothing wrong, and, unless
 * `misbehaved` says that somebody broke the rules on purpose, the RFC's numbers are in order and every request is answered.
 * @throws Error when tshark fails
 */
export async function checkCapture(
  recordings: readonly Recording[],
  { misbehaved = false } = {},
  pcap: Uint8Array = pcapOf(recordings),
): Promise<Verdict> {
  const dissection: Dissection = await dissect(pcap);
  const comparison = new Comparison();
  comparison.complaints.push(...dissection.complaints.map((line) => `tshark: ${line}`));
  for (const [i, recording] of recordings.entries()) {
    const session = readRecording(recording);
    const say = (what: string) => comparison.complaints.push(`connection ${i}: ${what}`);
    session.complaints.forEach(say);
    if (!misbehaved) breaches(session.pdus).forEach(say);
    const nothing: readonly [DissectedPdu[], DissectedPdu[]] = [[], []];
    comparison.connection(i, session, dissection.connections.get(firstPort + i) ?? nothing);
  }
  return comparison;
}
