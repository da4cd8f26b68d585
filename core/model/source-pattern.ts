import { formatRepository, type Repository } from './reference.ts';

/**
 * Whether a repository is one of those that a pattern allows: `contoso.azurecr.io/shop/*` for all below it,
 * `contoso.azurecr.io` for the whole registry, or one repository by name. `*` stands for anything within one path
 * segment, at the end for anything at all.
 */
export function matchesSource(repository: Repository, pattern: string): boolean {
  const wanted = pattern.includes('/') ? pattern : `${pattern}/*`;
  const isOpen = wanted.endsWith('/*');
  const body = isOpen ? wanted.slice(0, -1) : wanted;
  const expression = body
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/]*');
  return new RegExp(`^${expression}${isOpen ? '.+' : ''}$`).test(formatRepository(repository));
}
