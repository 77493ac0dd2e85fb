import {
  backslash,
  closeList,
  closeObject,
  colon,
  comma,
  isBlank,
  newline,
  openList,
  openObject,
  quote,
} from "./bytes.ts";

/**
 * What a byte means for the current record: it continues (`on`), ends with this byte (`end`), is invalid JSON from here
 * (`break`), was cut off before this byte, which begins another record (`restart`), or is not a record but the object
 * around a list of records, which begins here (`list`).
 */
export type ScanStep = "on" | "end" | "break" | "restart" | "list";

/**
 * The members that hold the records in a trail file and in Lambda events (Records), and in responses of LookupEvents
 * (Events), ReceiveMessage (Messages) and FilterLogEvents (events), and in subscriptions of CloudWatch Logs (logEvents).
 */
const lists = new Set(["Records", "Events", "Messages", "events", "logEvents"]);
const longestList = 9;

/** Scans one JSON object byte by byte for its end or its first error. The values themselves are left to JSON.parse. */
export class RecordScan {
  /** Whether this may be the object around a list of records, because it is not in a list itself. */
  readonly #mayWrap: boolean;
  readonly #open: number[] = [openObject];
  #before: "open" | "comma" | "colon" | "value" = "open";
  #inText = false;
  #escaped = false;
  #inScalar = false;
  /** The beginning of the last key of the outermost object; undefined inside other texts. */
  #key: string | undefined;

  /** Starts behind the opening brace. */
  constructor(mayWrap: boolean) {
    this.#mayWrap = mayWrap;
  }

  /** Scans the next byte. */
  take(byte: number, atLineStart: boolean): ScanStep {
    if (this.#inText) return this.#takeText(byte);
    if (isBlank(byte)) {
      this.#inScalar = false;
      return "on";
    }
    const inScalar = this.#inScalar;
    this.#inScalar = false;
    const inObject = this.#open.at(-1) === openObject;
    switch (byte) {
      case quote:
        return this.#openText();
      case openObject:
        // A brace at the start of a line begins the record of that line, so the one before was cut off.
        return (this.#mayWrap && atLineStart) || !this.#mayOpen(inObject) ? "restart" : this.#descend(byte);
      case openList:
        if (!this.#mayOpen(inObject)) return "break";
        return this.#isOutermost() && lists.has(this.#key ?? "") ? "list" : this.#descend(byte);
      case closeObject:
        return inObject ? this.#ascend() : "break";
      case closeList:
        return inObject ? "break" : this.#ascend();
      case comma:
        return this.#expect(this.#before === "value", "comma");
      case colon:
        return this.#expect(this.#before === "value" && inObject, "colon");
      default:
        this.#inScalar = true;
        return this.#expect(this.#before !== "value" || inScalar, "value");
    }
  }

  /** The index of the next byte that must be scanned; most bytes of a text need not be. */
  skip(chunk: Uint8Array, from: number): number {
    if (!this.#inText || this.#escaped || this.#key !== undefined) return from;
    for (let index = from; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (byte === quote || byte === backslash || byte === newline) return index;
    }
    return chunk.length;
  }

  #takeText(byte: number): ScanStep {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inText = false;
    else if (byte === newline) return "break";
    else if (this.#key !== undefined && this.#key.length <= longestList)
      this.#key += String.fromCharCode(byte);
    return "on";
  }

  #openText(): ScanStep {
    if (this.#before === "value") return "break";
    this.#key = this.#isOutermost() && this.#before !== "colon" ? "" : undefined;
    this.#inText = true;
    this.#before = "value";
    return "on";
  }

  #mayOpen(inObject: boolean): boolean {
    return this.#before === "colon" || (this.#before !== "value" && !inObject);
  }

  #isOutermost(): boolean {
    return this.#mayWrap && this.#open.length === 1;
  }

  #descend(byte: number): ScanStep {
    this.#open.push(byte);
    this.#before = "open";
    return "on";
  }

  #ascend(): ScanStep {
    this.#open.pop();
    this.#before = "value";
    return this.#open.length === 0 ? "end" : "on";
  }

  #expect(allowed: boolean, now: "comma" | "colon" | "value"): ScanStep {
    this.#before = now;
    return allowed ? "on" : "break";
  }
}
