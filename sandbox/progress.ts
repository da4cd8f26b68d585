/** Takes one line about work that is under way: what is being done, never secrets, no trailing full stop. */
export type Progress = (line: string) => void;
