/** The keys that are negotiated or declared in a login, each with its rule (RFC 7143 §13). */

/** What a session works with: RFC 7143's own key names. */
export interface Settings {
  readonly HeaderDigest: string;
  readonly DataDigest: string;
  readonly MaxConnections: number;
  readonly InitialR2T: boolean;
  readonly ImmediateData: boolean;
  readonly MaxBurstLength: number;
  readonly FirstBurstLength: number;
  readonly DefaultTime2Wait: number;
  readonly DefaultTime2Retain: number;
  readonly MaxOutstandingR2T: number;
  readonly DataPDUInOrder: boolean;
  readonly DataSequenceInOrder: boolean;
  readonly ErrorRecoveryLevel: number;
  readonly TaskReporting: string;
  readonly iSCSIProtocolLevel: number;
  /** The longest data segment that we take. */
  readonly ownSegment: number;
  /** The longest that the peer takes. */
  readonly peerSegment: number;
}

/** What we want: lists in order of preference, for all else the value. */
export interface Wishes {
  readonly HeaderDigest: readonly string[];
  readonly DataDigest: readonly string[];
  readonly MaxConnections: number;
  readonly InitialR2T: boolean;
  readonly ImmediateData: boolean;
  readonly MaxBurstLength: number;
  readonly FirstBurstLength: number;
  readonly DefaultTime2Wait: number;
  readonly DefaultTime2Retain: number;
  readonly MaxOutstandingR2T: number;
  readonly DataPDUInOrder: boolean;
  readonly DataSequenceInOrder: boolean;
  readonly ErrorRecoveryLevel: number;
  readonly TaskReporting: readonly string[];
  readonly iSCSIProtocolLevel: number;
  readonly MaxRecvDataSegmentLength: number;
}

/** How the two sides' values make one. */
export type Rule =
  | { readonly kind: 'list'; readonly default: string; readonly inDiscovery: boolean }
  | { readonly kind: 'and' | 'or'; readonly default: boolean; readonly inDiscovery: boolean }
  | {
      readonly kind: 'min' | 'max';
      readonly default: number;
      readonly low: number;
      readonly high: number;
      readonly inDiscovery: boolean;
    };

/** Most bytes that a 24-bit length says. */
const maxLength = 0xffffff;
const list = (value: string, inDiscovery = false): Rule => ({ kind: 'list', default: value, inDiscovery });
const boolean = (kind: 'and' | 'or', value: boolean): Rule => ({ kind, default: value, inDiscovery: false });
const number = (
  kind: 'min' | 'max',
  value: number,
  [low, high]: readonly [number, number],
  inDiscovery = false,
): Rule => ({ kind, default: value, low, high, inDiscovery });

/** RFC 7143 §13; those without `inDiscovery` are irrelevant in a discovery session. iSCSIProtocolLevel: RFC 7144 §6. */
export const rules = {
  HeaderDigest: list('None', true),
  DataDigest: list('None', true),
  MaxConnections: number('min', 1, [1, 65535]),
  InitialR2T: boolean('or', true),
  ImmediateData: boolean('and', true),
  MaxBurstLength: number('min', 262144, [512, maxLength]),
  FirstBurstLength: number('min', 65536, [512, maxLength]),
  DefaultTime2Wait: number('max', 2, [0, 3600], true),
  DefaultTime2Retain: number('min', 20, [0, 3600], true),
  MaxOutstandingR2T: number('min', 1, [1, 65535]),
  DataPDUInOrder: boolean('or', true),
  DataSequenceInOrder: boolean('or', true),
  ErrorRecoveryLevel: number('min', 0, [0, 2]),
  TaskReporting: list('RFC3720'),
  iSCSIProtocolLevel: number('min', 1, [0, 31]),
} as const satisfies Readonly<Record<string, Rule>>;
export type Negotiable = keyof typeof rules;

/** The highest that we can do, whatever is wished. */
export const highest: Readonly<Partial<Record<Negotiable, number>>> = {
  MaxConnections: 1,
  ErrorRecoveryLevel: 1,
  iSCSIProtocolLevel: 2,
};

/** Keys that are declared, not negotiated: they get no answer. */
export const declared: ReadonlySet<string> = new Set([
  'InitiatorName',
  'InitiatorAlias',
  'TargetName',
  'TargetAlias',
  'TargetAddress',
  'TargetPortalGroupTag',
  'SessionType',
  'MaxRecvDataSegmentLength',
]);

/** Obsolete keys and their answers (RFC 7143 §13.25). */
export const obsolete: Readonly<Record<string, string>> = {
  IFMarker: 'No',
  OFMarker: 'No',
  IFMarkInt: 'Reject',
  OFMarkInt: 'Reject',
};

export const segmentLimits = { default: 8192, low: 512, high: maxLength } as const;

/** What holds when nothing is said. */
export const defaultSettings: Settings = {
  ...(Object.fromEntries(Object.entries(rules).map(([key, rule]) => [key, rule.default])) as Omit<
    Settings,
    'ownSegment' | 'peerSegment'
  >),
  ownSegment: segmentLimits.default,
  peerSegment: segmentLimits.default,
};

/** What we want unless told otherwise: few round trips, long segments, digests only if the other side insists. */
export const defaultWishes: Wishes = {
  HeaderDigest: ['None', 'CRC32C'],
  DataDigest: ['None', 'CRC32C'],
  MaxConnections: 1,
  InitialR2T: false,
  ImmediateData: true,
  MaxBurstLength: 1 << 20,
  FirstBurstLength: 256 * 1024,
  DefaultTime2Wait: 0,
  DefaultTime2Retain: 0,
  MaxOutstandingR2T: 4,
  DataPDUInOrder: true,
  DataSequenceInOrder: true,
  ErrorRecoveryLevel: 0,
  TaskReporting: ['RFC3720', 'ResponseFence'], // the same thing where a session is one connection (RFC 7143 §4.2.2.3.3)
  iSCSIProtocolLevel: 2,
  MaxRecvDataSegmentLength: 256 * 1024,
};
