/** The beginning of a text of outside origin, on one line. */
export function excerpt(text: string, most = 120): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}...` : line;
}
