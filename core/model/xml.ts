/** An element of an XML document: enough for reports of tests, which is all that is read here. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, joined. */
  readonly text: string;
}

/** What is no XML, with the place. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const deepest = 200;
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/\s*([^\s>]+)\s*>|<([A-Za-z_][^\s/>]*)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|[^<]+/y;
const attribute = /([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads a document. A document type is refused: entities of one's own are how XML attacks its readers, and no test
 * report needs them.
 * @throws XmlError
 */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const stack: Open[] = [root];
  const source = text.replace(/^\ufeff/, '');
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const found = token.exec(source);
    const top = stack.at(-1);
    if (found === null || top === undefined) {
      const what = source.startsWith('<!DOCTYPE', at) ? 'a document type, which is not read' : 'no XML';
      throw new XmlError(`line ${lineOf(source, at)}: ${what}`);
    }
    const [whole, data, closing, opening, attributes = '', selfClosing] = found;
    if (closing !== undefined) {
      if (stack.length === 1 || top.name !== closing) {
        throw new XmlError(`line ${lineOf(source, at)}: </${closing}> ends nothing`);
      }
      stack.pop();
    } else if (opening !== undefined) {
      const element: Open = {
        name: opening,
        attributes: parseAttributes(attributes),
        children: [],
        text: '',
      };
      top.children.push(element);
      if (selfClosing === '') stack.push(element);
      if (stack.length > deepest) throw new XmlError(`line ${lineOf(source, at)}: nested too deeply`);
    } else if (data !== undefined) top.text += data;
    else if (!whole.startsWith('<')) top.text += decode(whole);
  }
  const [only, ...others] = root.children;
  if (stack.length > 1) throw new XmlError(`<${stack.at(-1)?.name ?? ''}> does not end`);
  if (only === undefined || others.length > 0 || root.text.trim() !== '')
    throw new XmlError('not one element');
  return only;
}

/** All elements of a name, at any depth, in the order of the document. */
export function elementsNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap((child) => elementsNamed(child, name)),
  ];
}

function parseAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(attribute)].map(([, name = '', double, single]) => [
      name,
      decode(double ?? single ?? ''),
    ]),
  );
}

function decode(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
