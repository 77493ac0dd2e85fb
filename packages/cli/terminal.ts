import { once } from "node:events";
import { stripVTControlCharacters, styleText } from "node:util";

/** A style of `styleText`; without colours, text is printed unstyled. */
export type Style = Parameters<typeof styleText>[0];

/** Where a command prints. Text from outside is made printable (`sanitise` of packages/formats) before it is printed. */
export interface Terminal {
  /** Characters per line, at least 40; 100 if the output is not a terminal. */
  readonly columns: number;
  /** Styles text if the stream shows colours and NO_COLOR does not forbid them. */
  paint(style: Style, text: string): string;
  /** Prints lines; settles when the stream has room for more. */
  print(...lines: readonly string[]): Promise<void>;
}

/** Opens a terminal on a stream. Honours NO_COLOR and FORCE_COLOR; a pipe or file gets no colours. */
export function openTerminal(stream: NodeJS.WriteStream): Terminal {
  const width = stream.columns ?? 100;
  return {
    columns: Math.max(width, 40),
    paint: (style, text) => styleText(style, text, { stream }),
    print: async (...lines) => {
      if (lines.length > 0 && !stream.write(`${lines.join("\n")}\n`)) await once(stream, "drain");
    },
  };
}

/**
 * Breaks text at spaces into lines of at most `columns` characters; a longer word keeps its own line. `first` begins the
 * first line and `rest` every other.
 */
export function wrap(text: string, columns: number, first = "", rest = first): readonly string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(" ")) {
    const longer = line === undefined ? word : `${line} ${word}`;
    const before = lines.length === 0 ? first : rest;
    if (line !== undefined && lengthOf(before) + lengthOf(longer) > columns) {
      lines.push(before + line);
      line = word;
    } else line = longer;
  }
  return [...lines, (lines.length === 0 ? first : rest) + (line ?? "")];
}

/** Pads text with spaces to a width; colour codes do not count. */
export function padCell(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - lengthOf(text)));
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
