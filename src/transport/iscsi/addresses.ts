/** Portal addresses as people and SendTargets write them (RFC 7143 §13.8): "host:port", "[v6]:port", port 3260 unless told. */

export interface Portal {
  readonly host: string;
  readonly port: number;
}

const usualPort = 3260;

/** @throws RangeError */
export function parsePortal(text: string): Portal {
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:,[\]\s]+))(?::(\d{1,5}))?(?:,\d+)?$/.exec(text);
  const port = Number(match?.[3] ?? usualPort);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65535) throw new RangeError(`not a portal: ${JSON.stringify(text)}`);
  return { host, port };
}

export function formatPortal({ host, port }: Portal): string {
  const plain = host.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}
