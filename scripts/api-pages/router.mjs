import { PageKind, ReflectionKind } from 'typedoc';
import { ModuleRouter } from 'typedoc-plugin-markdown';
import { anchorOf } from '../support/links.mjs';

const isClass = (reflection) => reflection.kindOf(ReflectionKind.Class);
const isType = (reflection) => reflection.kindOf(ReflectionKind.Interface | ReflectionKind.TypeAlias);
// A name that another module exports is a reference, and only there.
const isPlaced = (reflection) => !reflection.kindOf(ReflectionKind.Reference);

/** Returns the names that a declaration refers to, without those of its base classes. */
function namesIn(value, found = new Set()) {
  if (Array.isArray(value)) for (const part of value) namesIn(part, found);
  else if (typeof value === 'object' && value !== null) {
    if (value.type === 'reference' && typeof value.target === 'number') found.add(value.target);
    for (const [key, part] of Object.entries(value)) {
      const isShown = !['comment', 'inheritedFrom', 'overwrites', 'extendedTypes', 'extendedBy'].includes(
        key,
      );
      if (isShown) namesIn(part, found);
    }
  }
  return found;
}

/**
 * Returns the page of each export of a module, as a Map from reflections to the reflection of a page: each class of the
 * main module has one, with the types that nothing but this class refers to; everything else is on the module's.
 */
function pagesOf(module, serializer, project) {
  const ownPages = module.name === 'impersonate';
  const children = (module.children ?? []).filter(isPlaced);
  const references = new Map(
    children.map((child) => {
      const shown = namesIn(serializer.toObject(child));
      return [child, new Set([...shown].map((id) => project.getReflectionById(id)))];
    }),
  );
  const pages = new Map(children.map((child) => [child, ownPages && isClass(child) ? child : module]));
  if (!ownPages) return pages;
  const users = (type) => children.filter((child) => child !== type && references.get(child).has(type));
  // A type that only types of one class refer to follows them.
  for (let isSettled = false; !isSettled;) {
    isSettled = true;
    for (const type of children.filter(isType)) {
      const places = new Set(users(type).map((user) => pages.get(user)));
      const [place] = places;
      if (places.size !== 1 || pages.get(type) === place) continue;
      pages.set(type, place);
      isSettled = false;
    }
  }
  return pages;
}

/** Writes a page for each entry point, and for each class of the main one. */
export class ApiRouter extends ModuleRouter {
  buildPages(project) {
    this.placed = new Map();
    const modules = [...(project.children ?? [])];
    for (const module of modules) {
      this.fullUrls.set(module, `${module.name}.md`);
      for (const [child, page] of pagesOf(module, this.application.serializer, project)) {
        const url = `${page.name}.md`;
        const isWholePage = child === page;
        this.placed.set(child, page);
        this.fullUrls.set(child, isWholePage ? url : `${url}#${anchorOf(child.name)}`);
        if (!isWholePage) this.anchors.set(child, anchorOf(child.name));
      }
    }
    this.fullUrls.set(project, 'README.md');
    const models = [...new Set([...modules, ...this.placed.values()])];
    return models.map((model) => ({ url: `${model.name}.md`, kind: PageKind.Reflection, model }));
  }

  /** Returns what a page shows, in the order of the module. */
  childrenOn(page) {
    return [...this.placed]
      .filter(([child, place]) => place === page && child !== page)
      .map(([child]) => child);
  }

  // All pages are in one folder, and a type need not be on the page of its module.
  relativeUrl(from, to) {
    const [page] = this.getFullUrl(from).split('#');
    const url = this.getFullUrl(to);
    return url.startsWith(`${page}#`) ? url.slice(page.length) : url;
  }
}
