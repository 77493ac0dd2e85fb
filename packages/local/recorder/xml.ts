/** An element of an AWS query answer: text, fields by name, or the members of a list. */
export type Xml = string | readonly Xml[] | { readonly [name: string]: Xml };

const token = /<(\/?)([\w:.-]+)(?:\s[^<>]*?)?(\/?)>|([^<]+)/g;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Reads the XML of AWS's query services: elements and text, with `<member>` children as a list. Attributes, comments
 * and the prolog carry nothing there and are passed over. Text that is no such XML gives what could be read of it.
 */
export function readXml(text: string): Xml {
  const root: Element = { name: "", text: "", children: [] };
  const open = [root];
  for (const [, closing, name, selfClosing, words] of text.replace(/<[?!][^>]*>/g, "").matchAll(token)) {
    const parent = open.at(-1) ?? root;
    if (words !== undefined) parent.text += words;
    else if (closing) {
      if (open.length > 1) open.pop();
    } else {
      const element: Element = { name: name ?? "", text: "", children: [] };
      parent.children.push(element);
      if (!selfClosing) open.push(element);
    }
  }
  return readElement(root);
}

interface Element {
  readonly name: string;
  text: string;
  readonly children: Element[];
}

function readElement(element: Element): Xml {
  if (element.children.length === 0) return element.text.trim().replace(/&(#x?[0-9a-fA-F]+|\w+);/g, decode);
  if (element.children.every((child) => child.name === "member")) return element.children.map(readElement);
  return Object.fromEntries(element.children.map((child) => [child.name, readElement(child)]));
}

function decode(whole: string, entity: string): string {
  if (!entity.startsWith("#")) return entities[entity] ?? whole;
  const point = entity.startsWith("#x") ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}

/** The element at a path of names, where there is one. */
export function elementAt(xml: Xml | undefined, ...path: readonly string[]): Xml | undefined {
  const [name, ...rest] = path;
  if (name === undefined || xml === undefined) return xml;
  if (typeof xml === "string" || isList(xml)) return undefined;
  return elementAt(xml[name], ...rest);
}

/** The text at a path of names; empty where there is none. */
export function textAt(xml: Xml | undefined, ...path: readonly string[]): string {
  const element = elementAt(xml, ...path);
  return typeof element === "string" ? element : "";
}

/** Whether an element is a list; an empty list is written as empty text. */
export function isList(xml: Xml): xml is readonly Xml[] {
  return Array.isArray(xml);
}
