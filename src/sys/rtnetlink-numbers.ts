/** The numbers of rtnetlink, as far as they are used (man 7 rtnetlink). */

export const AF_INET = 2;
export const AF_INET6 = 10;

/** linux/rtnetlink.h. */
export const Rtm = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getNeighbour: 30,
} as const;

/** linux/if_link.h: IFLA_*. */
export const LinkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  txQueueLength: 13,
  info: 18,
  namespaceFd: 28,
} as const;
export const InfoAttribute = { kind: 1, data: 2 } as const;
export const VETH_INFO_PEER = 1;

export const IFF_UP = 0x1;
export const IFF_LOWER_UP = 0x10000;

/** linux/if_addr.h: IFA_*. */
export const IfaAttribute = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
export const IFA_F_NODAD = 0x02;

export const RouteAttribute = { to: 1, device: 4, gateway: 5, priority: 6 } as const;
export const RouteProtocol = { static: 4 } as const;
export const RouteScope = { universe: 0, link: 253 } as const;
export const RT_TABLE_MAIN = 254;
export const RTN_UNICAST = 1;

export const NeighbourAttribute = { to: 1, mac: 2 } as const;

/** linux/neighbour.h: NUD_*; a neighbour has one of them. */
export const NeighbourState = {
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;
