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
 * What a byte means for the record that it belongs to: it goes on, it ends with this byte, its JSON breaks here, it
 * broke before and another begins here, or it is no record but the object around a list of them, which begins here.
 */
export type ScanStep = "on" | "end" | "break" | "restart" | "list";

/** The members that hold the records of a trail file, and of LookupEvents' answer. */
const lists = new Set(["Records", "Events"]);

/**
 * Follows one JSON object byte by byte to where it ends or breaks.
 *
 * It knows of JSON what that takes and no more; reading the object is JSON.parse's.
 */
export class RecordScan {
  /** Whether this may be the object around a list of records: it stands in no list itself. */
  readonly #mayWrap: boolean;
  readonly #open: number[] = [openObject];
  #before: "open" | "comma" | "colon" | "value" = "open";
  #inText = false;
  #escaped = false;
  #inScalar = false;
  /** The last key of the outermost object, as far as it matters. */
  #key: string | undefined;

  /** Begins after the brace that opens the object. */
  constructor(mayWrap: boolean) {
    this.#mayWrap = mayWrap;
  }

  /** Takes the next byte. */
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
        // At the very beginning of a line stands the next line's record: the one before was cut off.
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

  /** The next byte of a piece that needs to be taken: most of a text does not. */
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
    else if (this.#key !== undefined && this.#key.length < 8) this.#key += String.fromCharCode(byte);
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
