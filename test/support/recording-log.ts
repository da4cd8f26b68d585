import type { Log } from '../../core/model/ports.ts';

/** A log that keeps what it is told. */
export interface RecordingLog extends Log {
  readonly phases: readonly string[];
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  text(): string;
}

export function recordingLog(): RecordingLog {
  const phases: string[] = [];
  const lines: string[] = [];
  const warnings: string[] = [];
  return {
    phases,
    lines,
    warnings,
    phase: (title) => phases.push(title),
    line: (text) => lines.push(text),
    warning: (text) => warnings.push(text),
    debug: () => undefined,
    text: () => [...lines, ...warnings].join('\n'),
  };
}
