/** Text of outside origin as Markdown shows it literally: no links, no HTML, no table cells of its own. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~$@-]/g, '\\$&')
    .replace(/:\/\//g, ':&#47;&#47;');
}
