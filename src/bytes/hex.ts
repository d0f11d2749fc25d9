/** Bytes as people write them: hexadecimal digits, spaces ignored. */

/** Bytes from hexadecimal text. @throws SyntaxError on anything but pairs of digits and white space. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new SyntaxError(`not hexadecimal bytes: ${text}`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.substr(2 * i, 2), 16),
  );
}

/** Template form for golden bytes: hex`2a 20 0000 0006 00 001c 00`. */
export function hex(parts: TemplateStringsArray, ...values: readonly string[]): Uint8Array {
  return fromHex(String.raw(parts, ...values));
}

/** Two lower-case digits a byte, joined by `separator`. */
export function toHex(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0) text += separator;
    text += (bytes[i]! + 0x100).toString(16).slice(1);
  }
  return text;
}
