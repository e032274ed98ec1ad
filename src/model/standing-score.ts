/** What a span's feedback under one key says at the moment; the mean, where several gave one. */
export interface StandingScore {
  traceId: string;
  spanId: string;
  key: string;
  score: number;
}
