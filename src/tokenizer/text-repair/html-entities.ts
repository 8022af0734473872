import { htmlEntityNames } from "./html-entity-names.ts";
import { characterOf } from "./single-byte-encodings.ts";

/** Decodes HTML character references that end in a semicolon: `&amp;`, `&#39;`, `&#x27;`, and all-capitals names such as `&EACUTE;`.
 *  Unknown ones are kept. */
export function decodeHtmlEntities(text: string): string {
  return text.replace(/&(#?)([0-9A-Za-z]{1,24});/g, (reference, hash, name) => {
    const decoded = hash ? numericReference(name) : (names().get(name) ?? capitalsReference(name));
    return decoded ?? reference;
  });
}

let table: ReadonlyMap<string, string> | undefined;

/** Characters by name; parsed when first needed, since few prompts contain a reference. */
function names(): ReadonlyMap<string, string> {
  table ??= new Map(
    htmlEntityNames
      .trim()
      .split(/\s+/)
      .flatMap((entry) => {
        const [codePoints, list] = entry.split(":") as [string, string];
        const characters = String.fromCodePoint(...codePoints.split("+").map((code) => Number.parseInt(code, 16)));
        return list.split(",").map((name) => [name, characters] as const);
      }),
  );
  return table;
}

/** The characters of the lower-case name, in upper case: for text that was capitalised as a whole.
 *  Not if the name starts with one of the references that HTML also accepts in capitals and without a semicolon. */
function capitalsReference(name: string): string | undefined {
  if (name !== name.toUpperCase() || /^(?:AMP|COPY|ETH|GT|LT|QUOT|REG|THORN)/.test(name)) return undefined;
  return names().get(name.toLowerCase())?.toUpperCase();
}

/** Source: WHATWG HTML, section 13.2.5.80; what is not a character there is dropped, as in Python's `html.unescape`. */
function numericReference(digits: string): string | undefined {
  const hexadecimal = /^[xX]([0-9a-fA-F]+)$/.exec(digits)?.[1];
  if (hexadecimal === undefined && !/^[0-9]+$/.test(digits)) return undefined;
  const code = hexadecimal === undefined ? Number(digits) : Number.parseInt(hexadecimal, 16);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  if (code >= 0x80 && code <= 0x9f) return characterOf(code, "windows-1252");
  if (isNoCharacter(code)) return "";
  // A decoded semicolon would look as if only a part had been decoded.
  return code === 0x3b ? undefined : String.fromCodePoint(code);
}

function isNoCharacter(code: number): boolean {
  const isControl = (code < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(code)) || code === 0x7f;
  return isControl || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}
