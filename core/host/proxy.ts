/** The proxy that the agent was configured with (`config.sh --proxyurl`). */
export interface ProxySettings {
  /** Without credentials: fit to be printed. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The URL with its credentials percent-encoded: what an HTTP client takes. A secret. */
  readonly urlWithCredentials: string;
  /** Whether the agent's bypass list (regular expressions over the URL, case-insensitive) exempts this one. */
  bypasses(url: string): boolean;
}
