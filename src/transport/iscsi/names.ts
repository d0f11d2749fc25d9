/** Names of iSCSI nodes (RFC 7143 §4.2.7). */

const longestName = 223;
/** A date, a domain name turned round, and what its owner likes, of the characters that the iSCSI stringprep profile (RFC 3722) leaves alone. */
const iqn = /^iqn\.\d{4}-(?:0[1-9]|1[0-2])(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::[a-z0-9.:-]+)?$/;
const eui = /^eui\.[0-9a-f]{16}$/;
const naa = /^naa\.(?:[0-9a-f]{16}|[0-9a-f]{32})$/;

/** The name in the spelling by which names are compared, lower case; undefined: it is none. */
export function parseIscsiName(text: string): string | undefined {
  const name = text.toLowerCase();
  const valid = name.length <= longestName && [iqn, eui, naa].some((form) => form.test(name));
  return valid ? name : undefined;
}
