import { once } from "node:events";
import { stripVTControlCharacters, styleText } from "node:util";

/** How a word may stand out; a terminal without colour shows it plain. */
export type Style = Parameters<typeof styleText>[0];

/** Where a command prints to. Foreign text is made plain (formats/plain) before it comes here. */
export interface Terminal {
  /** Characters in a line. */
  readonly columns: number;
  /** The text in a style, where whoever reads it sees colours and wants them. */
  paint(style: Style, text: string): string;
  /** Prints lines; settles when there is room for more. */
  print(...lines: readonly string[]): Promise<void>;
}

/** A terminal on a stream; honours NO_COLOR, FORCE_COLOR, and that a pipe or file has neither colours nor a width. */
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

/** Breaks text at blanks so that it fits; `first` begins the first line and `rest` every further one. */
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

/** A cell: padded to its width, then painted, so that colours do not count. */
export function padCell(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - lengthOf(text)));
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
