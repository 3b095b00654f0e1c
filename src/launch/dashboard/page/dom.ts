/**
 * Elements from what a program says: texts are put in as texts, never read as HTML.
 */
type Attributes = Record<string, string | number | boolean | undefined>
type Child = Node | string

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(name), attributes, children)
}

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)
}

function filled<E extends Element>(made: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value)
  made.append(...children)
  return made
}

/** Only where it is another than before: the browser has less to do, and a screen reader nothing to say. */
export function setAttribute(where: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === undefined || value === false) where.removeAttribute(name)
  else if (where.getAttribute(name) !== String(value === true ? '' : value)) where.setAttribute(name, String(value === true ? '' : value))
}

export function setText(where: Element, text: string): void {
  if (where.textContent !== text) where.textContent = text
}

export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}
