// The bytes that structure JSON, and white space.
const tab = 0x09;
export const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openList = 0x5b;
export const backslash = 0x5c;
export const closeList = 0x5d;
export const openObject = 0x7b;
export const closeObject = 0x7d;

/** Whether a byte is white space in JSON. */
export function isBlank(byte: number): boolean {
  return byte === space || byte === newline || byte === carriageReturn || byte === tab;
}
