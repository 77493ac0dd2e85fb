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

/** Where an item of a trail begins. */
export interface RecordPosition {
  /** Counted from 1, the unreadable ones too. */
  readonly record: number;
  /** Counted from 1. */
  readonly line: number;
  /** In bytes from the beginning; of compressed input, as it is when decompressed. */
  readonly offset: number;
}

/** The text of one record, or why there is none at its place. */
export type TrailItem =
  | { readonly place: RecordPosition; readonly text: string }
  | { readonly place: RecordPosition; readonly problem: string };

/** In bytes. CloudTrail's largest record has 1 MB; what is longer than this is none, and is not kept in memory. */
export const longestRecord = 16 * 1024 * 1024;

/**
 * Between records, inside one, inside something that is none, lost after broken JSON and looking for the next record,
 * or in the rest of an object whose list of records has ended.
 */
type Mode = "between" | "record" | "scrap" | "lost" | "tail";

const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * Finds the records in JSON that comes in pieces: objects one after the other or line by line, a list of them, or an
 * object with such a list. It keeps one record at a time and no more, and goes on after one that is broken.
 */
export class RecordSplitter {
  #mode: Mode = "between";
  #container: "none" | "list" | "wrapper" = "none";
  #items: TrailItem[] = [];
  #count = 0;
  #offset = 0;
  #line = 1;
  #atLineStart = true;

  // The item that is being read: where it begins, its bytes so far, and where it goes on in the current piece.
  #place: RecordPosition = { record: 0, line: 1, offset: 0 };
  #kept: Uint8Array[] = [];
  #size = 0;
  #from = 0;
  #scan = new RecordScan(true);
  #inText = false;
  #escaped = false;
  #depth = 0;

  /** How much of `}, {` was seen while lost. */
  #seen = 0;
  /** Whether the last item was broken: what follows it between records is its debris. */
  #broken = false;

  /** Takes the next piece and gives the items that end in it. */
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

  /** Gives what is left when there is no more to come. */
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
    if (byte === quote) this.#inText = !this.#inText;
    const listed = this.#container !== "none" && !this.#inText && (byte === comma || byte === closeList);
    const record = byte === openObject && !this.#inText;
    if (byte !== newline && !listed && !record) return;
    this.#keep(chunk, index);
    this.#endScrap();
    this.#takeBetween(byte, chunk, index);
  }

  // In a text of JSON a quote is escaped, so `}, {` between two records is hardly ever met inside one.
  #takeLost(byte: number, index: number): void {
    if (byte === openObject && (this.#atLineStart || (this.#container !== "none" && this.#seen === 2))) {
      this.#beginRecord(index);
    } else if (byte === closeObject) this.#seen = 1;
    else if (byte === comma && this.#seen === 1) this.#seen = 2;
    else if (!isBlank(byte)) this.#seen = 0;
  }

  // What stands beside the list of records is of no use; only its brackets and texts are followed to its end.
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

  #endScrap(): void {
    this.#mode = "between";
    const start = Buffer.concat(this.#kept).toString("utf8", 0, 40).trim();
    if (this.#broken) this.#count -= 1;
    else this.#items.push({ place: this.#place, problem: `it is no JSON object: ${start}` });
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
