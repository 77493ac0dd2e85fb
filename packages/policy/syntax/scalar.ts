/** A range of IP addresses; a single address is a range of one. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  /** Length of the prefix that all its addresses share, in bits. */
  readonly prefix: number;
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const isoDate = /^\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;

/** Returns the same function that keeps its last results: a comparison tests few texts against many conditions. */
function keepRecent<Value>(parse: (text: string) => Value): (text: string) => Value {
  const recent = new Map<string, { readonly value: Value }>();
  return (text) => {
    const known = recent.get(text);
    if (known) return known.value;
    const value = parse(text);
    if (recent.size >= 500) recent.clear();
    // No date or address is longer; longer texts would fill the memory.
    if (text.length <= 100) recent.set(text, { value });
    return value;
  };
}

/** Parses a decimal number. Returns undefined if the text is none, or has more than the 15 digits of a double. */
export function readNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined;
  const [digits = ""] = text.split(/e/i);
  const isExact = digits.replaceAll(/\D|^[-+]?0+/g, "").length <= 15;
  const value = isExact ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Parses an ISO 8601 date or epoch seconds into epoch milliseconds. Returns undefined if the text is neither. */
export const readDate = keepRecent(parseDate);

function parseDate(text: string): number | undefined {
  const seconds = readNumber(text);
  // Four digits could also be a year of ISO 8601: `findAmbiguity` reports such a value.
  if (seconds !== undefined) return Number.isFinite(seconds * 1000) ? seconds * 1000 : undefined;
  if (!isoDate.test(text)) return undefined;
  // A time without a zone is UTC; Date.parse would take the local zone.
  const zoned = text.includes("T") && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  // Date.parse reads February 30 as March 1.
  const [day = ""] = text.split("T");
  if (Number.isNaN(time) || !new Date(Date.parse(day)).toISOString().startsWith(day)) return undefined;
  return time;
}

/** Parses an IPv4 or IPv6 address or CIDR range. Returns undefined if the text is neither. */
export const readAddressRange = keepRecent(parseAddressRange);

function parseAddressRange(text: string): AddressRange | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  if (more.length > 0) return undefined;
  const family = address.includes(":") ? 6 : 4;
  const bits = family === 4 ? 32 : 128;
  const value = family === 4 ? parseIpv4(address) : parseIpv6(address);
  if (value === undefined || (prefix !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(prefix))) return undefined;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  const rest = BigInt(bits - length);
  const first = (value >> rest) << rest;
  return { family, first, last: first | ((1n << rest) - 1n), prefix: length };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const lastColon = text.lastIndexOf(":");
  const tail = text.slice(lastColon + 1);
  if (tail.includes(".")) {
    const low = parseIpv4(tail);
    if (low === undefined) return undefined;
    const groups = `${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
    return parseIpv6(text.slice(0, lastColon + 1) + groups);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rear = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - rear.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(Math.max(0, missing)).fill("0"), ...rear];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Parses a single address, as a request has it. Returns undefined for a range or any other text. */
export function readAddress(text: string): AddressRange | undefined {
  return text.includes("/") ? undefined : readAddressRange(text);
}

/** Prints a range in CIDR notation, from its first address. */
export function printRange({ family, first, prefix }: AddressRange): string {
  return `${printAddress(family, first)}/${prefix}`;
}

/** Prints an address: IPv4 in decimal, IPv6 in hexadecimal groups without `::`. */
export function printAddress(family: 4 | 6, value: bigint): string {
  const groups = family === 4 ? 4 : 8;
  const bits = family === 4 ? 8n : 16n;
  const parts = Array.from({ length: groups }, (_, index) => {
    const part = (value >> (bits * BigInt(groups - 1 - index))) & ((1n << bits) - 1n);
    return part.toString(family === 4 ? 10 : 16);
  });
  return parts.join(family === 4 ? "." : ":");
}
