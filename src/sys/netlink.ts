/**
 * Links, addresses, routes and neighbours of one network namespace, by rtnetlink (man 7 rtnetlink): what `ip`
 * does, without calling it. Synchronous. Not here: rules, tables but the main one, queueing disciplines.
 */

import { formatIP, type Prefix, parseIP, parseMac, parsePrefix } from '../bytes/addresses.ts';
import { toHex } from '../bytes/hex.ts';
import {
  AddressMessage,
  type Attributes,
  attribute,
  attributeNumber,
  attributes,
  attributeText,
  LinkMessage,
  type Message,
  NeighbourMessage,
  nest,
  numberAttribute,
  parse,
  RequestFlag,
  RouteMessage,
  textAttribute,
} from './netlink-message.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import {
  AF_INET,
  AF_INET6,
  IFA_F_NODAD,
  IFF_LOWER_UP,
  IFF_UP,
  IfaAttribute,
  InfoAttribute,
  LinkAttribute,
  NeighbourAttribute,
  NeighbourState,
  RouteAttribute,
  RouteProtocol,
  RouteScope,
  RT_TABLE_MAIN,
  RTN_UNICAST,
  Rtm,
  VETH_INFO_PEER,
} from './rtnetlink-numbers.ts';

type NeighbourStateName = keyof typeof NeighbourState | 'none';

export interface Link {
  readonly index: number;
  readonly name: string;
  /** "02:53:43:…"; empty when it has none. */
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** Up, and the carrier is there. */
  readonly running: boolean;
  /** "veth", "bridge", "tun", …; undefined for loopback and hardware. */
  readonly kind: string | undefined;
  /** Index of the bridge that it is a port of. */
  readonly master: number | undefined;
}

export interface LinkChanges {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: string;
  readonly name?: string;
  readonly txQueueLength?: number;
  /** Name of a bridge to become a port of; null to leave it. */
  readonly master?: string | null;
}

export interface Neighbour {
  readonly link: number;
  readonly address: string;
  /** Empty while unresolved. */
  readonly mac: string;
  readonly state: NeighbourStateName;
}

export interface Route {
  /** "10.1.0.0/24", or "default" (then `via` tells the family). */
  readonly to: string;
  readonly via?: string;
  /** Name of a link; needed when there is no `via`. */
  readonly device?: string;
  readonly metric?: number;
}

function readLink({ payload }: Message): Link {
  const [{ index, flags }, found] = parse(LinkMessage, payload);
  const info = attributes(found.get(LinkAttribute.info) ?? new Uint8Array());
  return {
    index,
    name: attributeText(found.get(LinkAttribute.name)) ?? '',
    mac: toHex(found.get(LinkAttribute.address) ?? new Uint8Array(), ':'),
    mtu: attributeNumber(found.get(LinkAttribute.mtu)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_LOWER_UP) !== 0 && (flags & IFF_UP) !== 0,
    kind: attributeText(info.get(InfoAttribute.kind)),
    master: attributeNumber(found.get(LinkAttribute.master)),
  };
}

const addressText = (found: Attributes, type: number) => {
  const bytes = found.get(type);
  return bytes && (bytes.length === 4 || bytes.length === 16) ? formatIP(bytes) : undefined;
};

/** A namespace's configuration: the one the calling thread was in when this was made, wherever it goes later. */
export class Netlink implements Disposable {
  readonly #socket = new NetlinkSocket();

  /** All links. */
  links(): Link[] {
    return this.#socket
      .dump('list links', Rtm.getLink, RequestFlag.dump, [LinkMessage.encode({})])
      .map(readLink);
  }

  /** One link. @throws SystemError ENODEV when there is none of that name. */
  link(name: string): Link {
    const parts = [LinkMessage.encode({}), textAttribute(LinkAttribute.name, name)];
    const [found] = this.#socket.request(`find ${name}`, Rtm.getLink, 0, parts).map(readLink);
    if (!found) throw new RangeError(`rtnetlink gave no answer about ${name}`);
    return found;
  }

  /** Changes a link, all at once: MTU, MAC, name, queue length, bridge, and up or down. */
  setLink(name: string, changes: LinkChanges): void {
    const { up, mtu, mac, master } = changes;
    const parts = [
      LinkMessage.encode({
        index: this.link(name).index,
        flags: up ? IFF_UP : 0,
        change: up === undefined ? 0 : IFF_UP,
      }),
    ];
    if (mtu !== undefined) parts.push(numberAttribute(LinkAttribute.mtu, mtu));
    if (mac !== undefined) parts.push(attribute(LinkAttribute.address, parseMac(mac)));
    if (changes.name !== undefined) parts.push(textAttribute(LinkAttribute.name, changes.name));
    if (changes.txQueueLength !== undefined)
      parts.push(numberAttribute(LinkAttribute.txQueueLength, changes.txQueueLength));
    if (master !== undefined) parts.push(numberAttribute(LinkAttribute.master, this.#masterIndex(master)));
    this.#socket.request(`set ${name} ${JSON.stringify(changes)}`, Rtm.newLink, 0, parts);
  }

  #masterIndex(master: string | null): number {
    return master === null ? 0 : this.link(master).index;
  }

  /** A pair of joined Ethernet links; `namespace` is a descriptor of the one that the peer goes to. */
  createVeth(name: string, peer: { readonly name: string; readonly namespace?: number }): void {
    const peerParts = [LinkMessage.encode({}), textAttribute(LinkAttribute.name, peer.name)];
    if (peer.namespace !== undefined)
      peerParts.push(numberAttribute(LinkAttribute.namespaceFd, peer.namespace));
    this.#createLink(name, 'veth', [nest(VETH_INFO_PEER, ...peerParts)]);
  }

  createBridge(name: string): void {
    this.#createLink(name, 'bridge', []);
  }

  #createLink(name: string, kind: string, data: readonly Uint8Array[]): void {
    const info = [textAttribute(InfoAttribute.kind, kind), nest(InfoAttribute.data, ...data)];
    this.#socket.request(`create ${kind} ${name}`, Rtm.newLink, RequestFlag.create | RequestFlag.exclusive, [
      LinkMessage.encode({}),
      textAttribute(LinkAttribute.name, name),
      nest(LinkAttribute.info, ...info),
    ]);
  }

  deleteLink(name: string): void {
    const { index } = this.link(name);
    this.#socket.request(`delete ${name}`, Rtm.deleteLink, 0, [LinkMessage.encode({ index })]);
  }

  /**
   * Gives a link an address, as "10.90.0.3/24". An IPv4 one gets its broadcast address; an IPv6 one is usable at
   * once, without duplicate address detection, unless `detectDuplicates`.
   */
  addAddress(name: string, text: string, { detectDuplicates = false } = {}): void {
    const prefix = parsePrefix(text);
    const parts = this.#address(name, text);
    if (prefix.family === 4 && prefix.length < 31)
      parts.push(attribute(IfaAttribute.broadcast, broadcast(prefix)));
    if (prefix.family === 6 && !detectDuplicates)
      parts.push(numberAttribute(IfaAttribute.flags, IFA_F_NODAD));
    const flags = RequestFlag.create | RequestFlag.exclusive;
    this.#socket.request(`add address ${text} to ${name}`, Rtm.newAddress, flags, parts);
  }

  deleteAddress(name: string, text: string): void {
    const parts = this.#address(name, text);
    this.#socket.request(`delete address ${text} of ${name}`, Rtm.deleteAddress, 0, parts);
  }

  #address(name: string, text: string): Uint8Array[] {
    const { address, length } = parsePrefix(text);
    return [
      AddressMessage.encode({
        family: familyOf(address),
        prefixLength: length,
        index: this.link(name).index,
      }),
      attribute(IfaAttribute.local, address),
      attribute(IfaAttribute.address, address),
    ];
  }

  /** A link's addresses, as "10.90.0.3/24". */
  addresses(name: string): string[] {
    const wanted = this.link(name).index;
    return this.#socket
      .dump('list addresses', Rtm.getAddress, RequestFlag.dump, [AddressMessage.encode({})])
      .flatMap(({ payload }) => {
        const [{ index, prefixLength }, found] = parse(AddressMessage, payload);
        const text = addressText(found, IfaAttribute.local) ?? addressText(found, IfaAttribute.address);
        return index === wanted && text ? [`${text}/${prefixLength}`] : [];
      });
  }

  addRoute(route: Route): void {
    const flags = RequestFlag.create | RequestFlag.exclusive;
    this.#socket.request(`add route ${JSON.stringify(route)}`, Rtm.newRoute, flags, this.#route(route));
  }

  deleteRoute(route: Route): void {
    this.#socket.request(`delete route ${JSON.stringify(route)}`, Rtm.deleteRoute, 0, this.#route(route));
  }

  #route({ to, via, device, metric }: Route): Uint8Array[] {
    const gateway = via === undefined ? undefined : parseIP(via);
    const net = to === 'default' ? undefined : parsePrefix(to);
    const family = familyOf(net?.address ?? gateway ?? new Uint8Array(4));
    const parts = [
      RouteMessage.encode({
        family,
        toLength: net?.length ?? 0,
        table: RT_TABLE_MAIN,
        protocol: RouteProtocol.static,
        scope: gateway || family === AF_INET6 ? RouteScope.universe : RouteScope.link,
        type: RTN_UNICAST,
      }),
    ];
    if (net) parts.push(attribute(RouteAttribute.to, net.address));
    if (gateway) parts.push(attribute(RouteAttribute.gateway, gateway));
    if (device !== undefined) parts.push(numberAttribute(RouteAttribute.device, this.link(device).index));
    if (metric !== undefined) parts.push(numberAttribute(RouteAttribute.priority, metric));
    return parts;
  }

  /** The neighbour table, IPv4 (ARP) and IPv6, of all links: as `ip neigh` lists it. */
  neighbours(): Neighbour[] {
    return this.#socket
      .dump('list neighbours', Rtm.getNeighbour, RequestFlag.dump, [NeighbourMessage.encode({})])
      .flatMap(({ payload }) => {
        const [{ index, state }, found] = parse(NeighbourMessage, payload);
        const address = addressText(found, NeighbourAttribute.to);
        if (!address) return [];
        const mac = toHex(found.get(NeighbourAttribute.mac) ?? new Uint8Array(), ':');
        return [{ link: index, address, mac, state: stateName(state) }];
      });
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const familyOf = (address: Uint8Array) => (address.length === 4 ? AF_INET : AF_INET6);

/** The address with every host bit set: IPv4's directed broadcast. */
const broadcast = ({ address, length }: Prefix): Uint8Array =>
  address.map((byte, i) => byte | (0xff >>> Math.min(8, Math.max(0, length - 8 * i))));

function stateName(state: number): NeighbourStateName {
  const names = Object.keys(NeighbourState) as (keyof typeof NeighbourState)[];
  return names.find((name) => NeighbourState[name] & state) ?? 'none';
}
