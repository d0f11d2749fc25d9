/**
 * The fabrics of LIO, as a table: what each needs in configfs so that initiators find our devices. Tried by our tests:
 * loopback, iscsi, vhost's set-up; fc and srpt where the kernel emulates their hardware. qla2xxx and usb_gadget are as their
 * drivers' documentation has them and have not been tried.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Step } from './configfs.ts';
import { type FabricOptions, TcmuError, type TcmuOptions, type TcmuPeer } from './options.ts';

/** How a fabric is set up. */
interface FabricKind {
  readonly modules: readonly string[];
  /** Every peer gets a fabric port of its own, to which only this machine, or one guest of it, has access. */
  readonly portPerPeer?: true;
  /** The nexus is made by hand: its initiator's name is written down. */
  readonly nexus?: true;
  /** Initiators have names: an access list says which device each sees as its LUN 0. */
  readonly accessList?: true;
  /** Without an access list anybody may come in. */
  readonly demoMode?: true;
  /** Has a switch, to be turned on last. */
  readonly enable?: true;
  /** Milliseconds for which a command may wait: longer, and the initiator's side gives it up without a word to us. */
  readonly longestWait?: number;
  /** The directory of its target portal group, below that of the port. */
  readonly group: (port: string) => string;
}

const first = () => 'tpgt_1';

export const fabrics: Readonly<Record<FabricOptions['kind'], FabricKind>> = {
  loopback: { modules: ['tcm_loop', 'sg'], portPerPeer: true, nexus: true, group: first },
  vhost: { modules: ['vhost_scsi'], portPerPeer: true, nexus: true, group: first },
  iscsi: { modules: ['iscsi_target_mod'], accessList: true, demoMode: true, enable: true, group: first },
  // libfc asks after 3 s what became of a command, by REC, and its target's half does not know the command.
  fc: { modules: ['tcm_fc'], accessList: true, longestWait: 2000, group: first },
  srpt: { modules: ['ib_srpt'], accessList: true, enable: true, group: (port) => port },
  qla2xxx: { modules: ['tcm_qla2xxx'], accessList: true, enable: true, group: first },
  usb_gadget: { modules: ['usb_f_tcm'], nexus: true, enable: true, group: first },
};

/** A device to be exported. */
export interface Exported {
  readonly peer: TcmuPeer;
  /** Its directory in configfs. */
  readonly backstore: string;
}

export interface Plan {
  /** The fabric's ports, ours alone: to be taken away with all that is below them. */
  readonly ports: readonly string[];
  /** Can be done before anything is served. */
  readonly prepare: readonly Step[];
  /** May wait for commands that we have to answer meanwhile. */
  readonly link: readonly Step[];
}

/** A locally assigned NAA name (SPC-4, NAA 3h): 60 bits made of the words. */
const naa = (...words: readonly (string | number)[]): string =>
  `naa.3${createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 15)}`;

const usualIscsiName = ({ bus, id }: TcmuOptions) =>
  `iqn.2026-01.org.ipscsi:${bus.toLowerCase().replaceAll('_', '-')}.${id}`;

const mkdir = (path: string): Step => ({ do: 'mkdir', path });
const write = (path: string, text: string): Step => ({ do: 'write', path, text });
const attempt = (path: string, text: string): Step => ({ do: 'write', path, text, optional: true });
const link = (path: string, to: string): Step => ({ do: 'link', path, to });
/** The name of our links. */
const linkName = 'ipscsi';

/** Ports of the local kinds: one for each peer, its device as LUN 0. */
function planOwnPorts(base: string, options: TcmuOptions, exported: readonly Exported[]): Plan {
  const { bus, id, fabric } = options;
  const plans = exported.map(({ peer, backstore }) => {
    const port = join(base, naa('target', bus, id, peer.id));
    const group = join(port, fabrics[fabric.kind].group(''));
    const lun = join(group, 'lun/lun_0');
    return {
      port,
      prepare: [
        mkdir(port),
        mkdir(group),
        write(join(group, 'nexus'), naa('initiator', bus, id, peer.id)),
        mkdir(lun),
      ],
      link: link(join(lun, linkName), backstore),
    };
  });
  return {
    ports: plans.map(({ port }) => port),
    prepare: plans.flatMap(({ prepare }) => prepare),
    link: plans.map(({ link }) => link),
  };
}

/** What a port's access list says of one initiator. */
function planAccess(group: string, { peer }: Exported, lun: number) {
  const { initiator, chap } = peer;
  if (initiator === undefined) return { prepare: [], link: [] };
  const entry = join(group, 'acls', initiator);
  const auth = chap && [
    write(join(entry, 'auth/userid'), chap.user),
    write(join(entry, 'auth/password'), chap.secret),
  ];
  return {
    prepare: [mkdir(entry), ...(auth ?? [])],
    link: [mkdir(join(entry, 'lun_0')), link(join(entry, 'lun_0', linkName), join(group, `lun/lun_${lun}`))],
  };
}

/** Attributes that let anybody in, or only those on the access list. */
function planIscsiAttributes(group: string, open: boolean, exported: readonly Exported[]): readonly Step[] {
  const flag = (name: string, on: boolean) => write(join(group, 'attrib', name), on ? '1' : '0');
  return [
    flag(
      'authentication',
      exported.some(({ peer }) => peer.chap),
    ),
    flag('generate_node_acls', open),
    flag('cache_dynamic_acls', open),
    flag('demo_mode_write_protect', false),
  ];
}

/** One port for all: each device is a LUN of it, and the access list makes it its initiator's LUN 0. */
function planSharedPort(
  base: string,
  name: string,
  options: TcmuOptions,
  exported: readonly Exported[],
): Plan {
  const { fabric } = options;
  const kind = fabrics[fabric.kind];
  const port = join(base, name);
  const group = join(port, kind.group(name));
  const open = exported.every(({ peer }) => peer.initiator === undefined);
  const access = exported.map((one, lun) => planAccess(group, one, lun));
  const iscsi =
    fabric.kind === 'iscsi'
      ? [
          ...fabric.portals.map((portal) => mkdir(join(group, 'np', portal))),
          ...planIscsiAttributes(group, open, exported),
        ]
      : [];
  const nexus = kind.nexus ? [write(join(group, 'nexus'), naa('initiator', options.bus, options.id))] : [];
  return {
    ports: [port],
    prepare: [
      mkdir(port),
      mkdir(group),
      ...iscsi,
      ...nexus,
      ...exported.map((_, lun) => mkdir(join(group, `lun/lun_${lun}`))),
      ...access.flatMap(({ prepare }) => prepare),
    ],
    link: [
      ...exported.map(({ backstore }, lun) => link(join(group, `lun/lun_${lun}`, linkName), backstore)),
      ...access.flatMap(({ link }) => link),
      ...(kind.enable ? [attempt(join(group, 'enable'), '1')] : []),
    ],
  };
}

/** Says what is wrong with the peers of a shared port: who comes in must be told apart. */
function checkPeers(kind: FabricKind, peers: readonly TcmuPeer[], name: string): void {
  const named = peers.filter((peer) => peer.initiator !== undefined).length;
  if (!kind.accessList && peers.length > 1)
    throw new TcmuError('bad-option', `${name} lets one initiator in, not ${peers.length}`);
  if (kind.accessList && named < peers.length && (peers.length > 1 || !kind.demoMode))
    throw new TcmuError('bad-option', `${name} needs the name of every peer's initiator port`);
  for (const { initiator } of peers)
    if (initiator !== undefined && !/^[\w.:-]+$/.test(initiator))
      throw new TcmuError('bad-option', `${initiator} is no name of an initiator port`);
}

/** What is to be done in configfs to export the devices. @throws TcmuError */
export function planFabric(root: string, options: TcmuOptions, exported: readonly Exported[]): Plan {
  const { fabric } = options;
  const kind = fabrics[fabric.kind];
  const base = join(root, fabric.kind);
  if (kind.portPerPeer) return planOwnPorts(base, options, exported);
  const name =
    fabric.kind === 'iscsi' ? (fabric.name ?? usualIscsiName(options)) : (fabric as { name: string }).name;
  if (!/^[\w.:-]+$/.test(name))
    throw new TcmuError('bad-option', `${name} is no name of a port of ${fabric.kind}`);
  checkPeers(kind, options.peers, fabric.kind);
  return planSharedPort(base, name, options, exported);
}
