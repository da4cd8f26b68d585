/** Lower is better; `ratio` is ours by the best of the peers', or by the bound where no peer does the same. */
export interface Case {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly ratio: number;
  readonly target: number;
}
