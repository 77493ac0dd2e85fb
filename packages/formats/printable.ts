// Control, format (bidirectional, zero width), separator and lone surrogate characters: never meant for a reader.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Makes text from outside safe to print as one line: it cannot move the cursor, break the line, change its direction or
 * flood the page. Unprintable characters are escaped; `maxLength` counts characters, including the ellipsis of a cut.
 */
export function sanitise(text: string, maxLength = 300): string {
  // Cut first, so that a text of many megabytes is not escaped for the few characters that are shown.
  const shown = text.slice(0, maxLength * 2).replace(unprintable, escapeCharacter);
  return truncate(text.length > maxLength * 2 ? `${shown}…` : shown, maxLength);
}

/** The text, cut to `maxLength` characters with an ellipsis; never splits a surrogate pair. */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, maxLength - 1);
  return `${kept.replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** The text, cut to `maxLength` characters by leaving out its middle; never splits a surrogate pair. */
export function cutMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = Math.max(maxLength - 3, 0);
  const start = text.slice(0, Math.ceil(kept / 2)).replace(/[\uD800-\uDBFF]$/, "");
  const end = text.slice(text.length - Math.floor(kept / 2)).replace(/^[\uDC00-\uDFFF]/, "");
  return `${start}...${end}`;
}

/** The text with the addresses of the web in it written so that no program makes links of them: `https[:]//…`. */
export function defang(text: string): string {
  return text.replaceAll("://", "[:]//").replaceAll(/\b(www)\./gi, "$1[.]");
}

/** A time as ISO 8601 in UTC, without fractions of a second. */
export function formatTime(at: string): string {
  return sanitise(at, 40).replace(/\.\d+Z$/, "Z");
}

/** A time that has passed, in its largest unit: `less than a second`, `40 seconds`, `2 minutes`, `5 days`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds === 0) return "less than a second";
  const [size, unit] =
    seconds < 120
      ? [1, "second"]
      : seconds < 7_200
        ? [60, "minute"]
        : seconds < 172_800
          ? [3_600, "hour"]
          : [86_400, "day"];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The columns of a plain text message: a terminal and a mail program show lines of this length whole. */
const columns = 80;

/**
 * Breaks a line between words into lines of at most 80 characters. The first one begins with `first`, every other one with
 * `rest`. A longer word stays whole.
 */
export function wrap(text: string, first = "", rest = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest + word;
    } else line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Like `sanitise`, with only printable ASCII, for fields that take nothing else. */
export function sanitiseAscii(text: string, maxLength = 300): string {
  const shown = sanitise(text, maxLength)
    .replaceAll("…", "...")
    .replace(/[^\x20-\x7e]/g, "?");
  return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength - 3)}...`;
}

function escapeCharacter(character: string): string {
  return named[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
