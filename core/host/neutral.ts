/**
 * Makes text from outside harmless in the agent's log. The agent obeys `##vso[...]` anywhere in any line that a task
 * prints, and its web page obeys `##[...]` and terminal escapes: an image label, a pod's log or a server's answer must
 * never get that far. `##vso[` becomes `##_vso[`, as the task library itself writes it.
 */

// CSI ("\u001b[31m"), OSC ("\u001b]8;;url\u0007") and the two-character escapes of ECMA-48, and their 8-bit forms.
const terminalEscapes =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;

// Controls but tab; and format characters (soft hyphen, zero-width, bidirectional overrides): the agent's search for
// its marker is culture-sensitive and looks through those, and a person's eye is deceived by them.
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Cf}|\u034f/gu;

const lineBreak = /\r\n|[\n\r\u0085\u2028\u2029]/;

/** One line: every line break becomes a blank. */
export function neutralLine(text: string): string {
  return neutralLines(text).join(' ');
}

/** The text's lines, each safe to print alone. Never empty: no text is one empty line. */
export function neutralLines(text: string): readonly string[] {
  return text.split(lineBreak).map(neutralise);
}

function neutralise(line: string): string {
  return line
    .replace(terminalEscapes, '')
    .replace(invisible, '')
    .replaceAll('##vso', '##_vso')
    .replaceAll('##[', '##_[');
}
