import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { stripVTControlCharacters, styleText } from "node:util";

/** A style of `styleText`; without colours, text is printed unstyled. */
export type Style = Parameters<typeof styleText>[0];

/** A stream to print to. `columns` are the characters per line, and `rows` the lines, if it is a terminal. */
export type Output = Writable & {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly isTTY?: boolean;
};

/** The streams of a process. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Where a command prints, and its standard input. Text from outside is made printable (`sanitise` of packages/formats) before it is printed. */
export interface Terminal {
  /** Characters per line, at least 40; 100 if the output is not a terminal. */
  readonly columns: number;
  /** Lines on the screen; undefined if the output is not a terminal. */
  readonly rows: number | undefined;
  /** Whether the output is a terminal, not a pipe or a file. */
  readonly isScreen: boolean;
  readonly input: Readable;
  /** Styles text if the stream shows colours and NO_COLOR does not forbid them. */
  paint(style: Style, text: string): string;
  /**
   * Shows how far long work is, on one line of standard error that the next call replaces; the empty text removes it. Shows
   * nothing if standard error is not a terminal.
   */
  progress(text: string): void;
  /** Prints lines; settles when the stream has room for more. */
  print(...lines: readonly string[]): Promise<void>;
}

/** Opens a terminal on the streams of a process. Honours NO_COLOR and FORCE_COLOR; a pipe or file gets no colours. */
export function openTerminal({ stdin, stdout: stream, stderr }: Streams): Terminal {
  return {
    // A terminal may be resized.
    get columns() {
      return columnsOf(stream);
    },
    get rows() {
      return stream.isTTY ? stream.rows : undefined;
    },
    isScreen: stream.isTTY === true,
    input: stdin,
    paint: (style, text) => styleText(style, text, { stream }),
    progress: (text) => {
      // A carriage return goes to the line's begin; ESC [ K erases the rest of the line.
      if (stderr.isTTY) stderr.write(`\r${text.slice(0, columnsOf(stderr) - 1)}\u001b[K`);
    },
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

/** Wraps each line of a text at its own indentation; every line but the first of a paragraph is indented by `more`. */
export function wrapLines(text: string, columns: number, more = ""): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const indent = /^ */.exec(line)?.[0] ?? "";
    return wrap(line.slice(indent.length), columns, indent, indent + more);
  });
}

/** The characters per line of a stream: at least 40, and 100 if it is not a terminal. */
export function columnsOf({ columns = 100 }: Output): number {
  return Math.max(columns, 40);
}

/** Pads text with spaces to a width; colour codes do not count. */
export function padCell(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - lengthOf(text)));
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
