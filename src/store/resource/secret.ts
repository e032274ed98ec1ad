/** Secrets that were given as literals in an action. Write-only but for the delivery that signs with them. */
export interface SecretStore {
  secretPut(params: { secrets: ReadonlyMap<string, string> }): Promise<void>;
  secretGet(params: { name: string }): Promise<string | null>;
}
