import {
  backslash,
  closeList,
  closeObject,
  comma,
  isBlank,
  newline,
  openList,
  openObject,
  quote,
} from "./bytes.ts";
import { RecordScan } from "./record-scan.ts";

// Written by hand on purpose: it goes on after a broken record and keeps exact positions. A JSON stream parser
// (@streamparser/json was tried) stops at the first error.

/** Where an item of a trail begins. */
export interface RecordPosition {
  /** Counted from 1, including unreadable records. */
  readonly record: number;
  /** Counted from 1. */
  readonly line: number;
  /** In bytes from the beginning; of compressed input, after decompression. */
  readonly offset: number;
}

/** The text of one record, or the reason why it is unreadable, with its position. */
export type TrailItem =
  | { readonly place: RecordPosition; readonly text: string }
  | { readonly place: RecordPosition; readonly problem: string };

/**
 * The longest record that is kept in memory, in bytes; a longer one is reported as unreadable. CloudTrail's largest record
 * has 1 MB.
 */
export const longestRecord = 16 * 1024 * 1024;

/** The beginning of a JSON text that holds an object or a list, and so may hold records. */
const textOfJson = /^"(?:\s|\\[nrt])*[{[]/;

/**
 * The beginning of a line of CloudWatch Logs: the time, and perhaps the name of the log stream. An export to S3 has it, and the
 * output of `aws logs tail` (docs/aws-facts.md, "CloudTrail records").
 */
const lineTime = /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)?[ \t]+(?:[^\s:]{1,512}[ \t]+)?$/;

/**
 * The position of the current byte: between records, inside one, inside anything that is not an object (`scrap`), after broken
 * JSON and before the next record (`lost`), or in the rest of an object whose list of records has ended (`tail`).
 */
type Mode = "between" | "record" | "scrap" | "lost" | "tail";

/** The bytes that may begin a text in UTF-8, and are no part of it. */
export const byteOrderMark: readonly number[] = [0xef, 0xbb, 0xbf];

/**
 * Splits a stream of JSON into records: objects in sequence, one per line, in a list, or in a list inside an object; JSON
 * texts of objects and lists are returned like objects. Keeps one record in memory at a time, and continues after a broken one.
 */
export class RecordSplitter {
  #mode: Mode = "between";
  #container: "none" | "list" | "wrapper" = "none";
  #items: TrailItem[] = [];
  #count = 0;
  #offset = 0;
  #line = 1;
  #atLineStart = true;

  // The current item: its position, its bytes so far, and where it continues in the current chunk.
  #place: RecordPosition = { record: 0, line: 1, offset: 0 };
  #kept: Uint8Array[] = [];
  #size = 0;
  #from = 0;
  #scan = new RecordScan(true);
  #inText = false;
  #escaped = false;
  #depth = 0;

  /** How many characters of `}, {` were seen in the mode `lost`. */
  #seen = 0;
  /** Whether the last item was broken; text between it and the next record then belongs to it. */
  #broken = false;

  /** Takes the next chunk and returns the items that end in it. */
  push(chunk: Uint8Array): readonly TrailItem[] {
    this.#items = [];
    this.#from = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      if (this.#mode === "record") {
        const next = this.#scan.skip(chunk, index);
        this.#offset += next - index;
        if (next > index) this.#atLineStart = false;
        index = next;
        if (index === chunk.length) break;
      }
      this.#take(chunk[index] ?? 0, chunk, index);
      this.#atLineStart = chunk[index] === newline;
      if (this.#atLineStart) this.#line += 1;
      this.#offset += 1;
    }
    if (this.#mode === "record" || this.#mode === "scrap") this.#keep(chunk, chunk.length);
    return this.#items;
  }

  /** Ends the input and returns what is left. */
  end(): readonly TrailItem[] {
    this.#items = [];
    if (this.#mode === "record") this.#report("the input ends in the middle of it");
    else if (this.#mode === "scrap") this.#endScrap();
    else if (this.#mode === "tail" || (this.#mode === "between" && this.#container !== "none")) {
      this.#begin(0);
      this.#report("the input ends before its list of records does");
    }
    return this.#items;
  }

  #take(byte: number, chunk: Uint8Array, index: number): void {
    switch (this.#mode) {
      case "between":
        this.#takeBetween(byte, chunk, index);
        break;
      case "record":
        this.#takeRecord(byte, chunk, index);
        break;
      case "scrap":
        this.#takeScrap(byte, chunk, index);
        break;
      case "lost":
        this.#takeLost(byte, index);
        break;
      case "tail":
        this.#takeTail(byte);
        break;
    }
  }

  #takeBetween(byte: number, chunk: Uint8Array, index: number): void {
    if (isBlank(byte) || byte === comma || byteOrderMark[this.#offset] === byte) return;
    if (byte === openObject) {
      this.#beginRecord(index);
    } else if (byte === openList && this.#container === "none") {
      this.#container = "list";
    } else if (byte === closeList && this.#container !== "none") {
      this.#mode = this.#container === "wrapper" ? "tail" : "between";
      this.#container = "none";
      this.#depth = 1;
      this.#inText = false;
    } else {
      this.#begin(index);
      this.#mode = "scrap";
      this.#inText = false;
      this.#escaped = false;
      this.#takeScrap(byte, chunk, index);
    }
  }

  #takeRecord(byte: number, chunk: Uint8Array, index: number): void {
    switch (this.#scan.take(byte, this.#atLineStart)) {
      case "on":
        break;
      case "end":
        this.#endRecord(chunk, index + 1);
        break;
      case "break":
        this.#break();
        break;
      case "restart":
        this.#break();
        if (this.#atLineStart || this.#container !== "none") this.#beginRecord(index);
        break;
      case "list":
        this.#count -= 1;
        this.#kept = [];
        this.#mode = "between";
        this.#container = "wrapper";
        break;
    }
  }

  #takeScrap(byte: number, chunk: Uint8Array, index: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = this.#inText;
    else if (byte === quote) this.#inText = !this.#inText;
    const listed = this.#container !== "none" && !this.#inText && (byte === comma || byte === closeList);
    const record = byte === openObject && !this.#inText;
    if (byte !== newline && !listed && !record) return;
    this.#keep(chunk, index);
    this.#endScrap(record);
    this.#takeBetween(byte, chunk, index);
  }

  // Inside a JSON text a quote is escaped, so `}, {` rarely occurs within a record.
  #takeLost(byte: number, index: number): void {
    if (byte === openObject && (this.#atLineStart || (this.#container !== "none" && this.#seen === 2))) {
      this.#beginRecord(index);
    } else if (byte === closeObject) this.#seen = 1;
    else if (byte === comma && this.#seen === 1) this.#seen = 2;
    else if (!isBlank(byte)) this.#seen = 0;
  }

  // Members beside the list of records are skipped; only brackets and texts are tracked to find the end.
  #takeTail(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inText) {
      if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inText = false;
    } else if (byte === quote) this.#inText = true;
    else if (byte === openObject || byte === openList) this.#depth += 1;
    else if (byte === closeObject || byte === closeList) {
      this.#depth -= 1;
      if (this.#depth === 0) this.#mode = "between";
    }
  }

  #begin(index: number): void {
    this.#count += 1;
    this.#place = { record: this.#count, line: this.#line, offset: this.#offset };
    this.#kept = [];
    this.#size = 0;
    this.#from = index;
  }

  #beginRecord(index: number): void {
    this.#begin(index);
    this.#mode = "record";
    this.#scan = new RecordScan(this.#container === "none");
  }

  #endRecord(chunk: Uint8Array, end: number): void {
    this.#keep(chunk, end);
    this.#mode = "between";
    if (this.#size > longestRecord) {
      this.#report(`it is longer than ${longestRecord} bytes`);
      return;
    }
    this.#items.push({ place: this.#place, text: Buffer.concat(this.#kept).toString("utf8") });
    this.#kept = [];
    this.#broken = false;
  }

  #endScrap(beforeRecord = false): void {
    this.#mode = "between";
    const bytes = Buffer.concat(this.#kept);
    const start = bytes.toString("utf8", 0, 40).trim();
    const isLineTime = beforeRecord && lineTime.test(bytes.toString("utf8", 0, 600));
    if (this.#broken || isLineTime) this.#count -= 1;
    else if (textOfJson.test(start)) this.#items.push({ place: this.#place, text: bytes.toString("utf8") });
    else if (this.#size > longestRecord) this.#report(`it is longer than ${longestRecord} bytes`);
    else this.#items.push({ place: this.#place, problem: `it is not a JSON object: ${start}` });
    this.#kept = [];
  }

  #break(): void {
    this.#report(`its JSON breaks at byte ${this.#offset}, line ${this.#line}`);
    this.#broken = true;
    this.#mode = "lost";
    this.#seen = 0;
  }

  #report(problem: string): void {
    this.#items.push({ place: this.#place, problem });
    this.#kept = [];
  }

  #keep(chunk: Uint8Array, end: number): void {
    this.#size += end - this.#from;
    if (this.#size <= longestRecord) this.#kept.push(chunk.subarray(this.#from, end));
    else this.#kept = [];
    this.#from = 0;
  }
}
