import { XMLParser } from "fast-xml-parser";

/** An element of an AWS query response: text, fields by name, or the members of a list. */
export type Xml = string | readonly Xml[] | { readonly [name: string]: Xml };

// Responses of query services have neither attributes nor entities of their own; a DOCTYPE is refused.
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  htmlEntities: true,
  isArray: (name) => name === "member",
});

/**
 * Reads the XML of AWS's query services: elements and text, with `<member>` children as a list, attributes left out.
 * Returns empty text for text that is not such XML, and for XML that declares entities.
 */
export function readXml(text: string): Xml {
  if (text.includes("<!DOCTYPE")) return "";
  try {
    return readElement(parser.parse(text));
  } catch {
    return "";
  }
}

function readElement(parsed: unknown): Xml {
  if (Array.isArray(parsed)) return parsed.map(readElement);
  if (typeof parsed !== "object" || parsed === null) return typeof parsed === "string" ? parsed : "";
  const fields = Object.entries(parsed).filter(([name]) => name !== "#text");
  const [only] = fields;
  if (fields.length === 1 && only?.[0] === "member") return readElement(only[1]);
  return Object.fromEntries(fields.map(([name, field]) => [name, readElement(field)]));
}

/** Returns the element at a path of names; undefined if there is none. */
export function elementAt(xml: Xml | undefined, ...path: readonly string[]): Xml | undefined {
  const [name, ...rest] = path;
  if (name === undefined || xml === undefined) return xml;
  if (typeof xml === "string" || isList(xml)) return undefined;
  return elementAt(Object.hasOwn(xml, name) ? xml[name] : undefined, ...rest);
}

/** Returns the text at a path of names; empty if there is none. */
export function textAt(xml: Xml | undefined, ...path: readonly string[]): string {
  const element = elementAt(xml, ...path);
  return typeof element === "string" ? element : "";
}

/** Whether an element is a list. An empty list is written as an empty element, which reads as empty text. */
export function isList(xml: Xml): xml is readonly Xml[] {
  return Array.isArray(xml);
}
