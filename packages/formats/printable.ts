// Control, format (bidi, zero width), separator and lone surrogate characters: none of them is ever meant for a person.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Foreign text as one line that cannot move a cursor, break a line, turn its direction or flood a page.
 *
 * What cannot be printed is shown escaped; `most` counts characters, the mark of a cut included.
 */
export function sanitise(text: string, most = 300): string {
  // Cut first: a text of many megabytes is not to be escaped for the few characters that are shown.
  const shown = text.slice(0, most * 2).replace(unprintable, escapeCharacter);
  return truncate(text.length > most * 2 ? `${shown}…` : shown, most);
}

/** The text, or as much of it as fits with a mark of the cut; never half a surrogate pair. */
export function truncate(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most - 1);
  return `${kept.replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Foreign text in printable ASCII alone, for places that take nothing else. */
export function sanitiseAscii(text: string, most = 300): string {
  const shown = sanitise(text, most)
    .replaceAll("…", "...")
    .replace(/[^\x20-\x7e]/g, "?");
  return shown.length <= most ? shown : `${shown.slice(0, most - 3)}...`;
}

function escapeCharacter(character: string): string {
  return named[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
