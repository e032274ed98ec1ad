export interface ThreadShareStore {
  /** Makes a thread readable by a token, or returns the token it has. */
  threadShare(params: { projectId: string; threadId: string }): Promise<string>;
  threadShareGet(params: { projectId: string; threadId: string }): Promise<string | null>;
  threadUnshare(params: { projectId: string; threadId: string }): Promise<void>;
  /** Which thread a token opens. */
  threadOfToken(params: { token: string }): Promise<{ projectId: string; threadId: string } | null>;
}
