// Settings that moto takes and forgets: remembered from the request that sets them, and shown in later answers.
import type { Parsed } from "../host/xml";

export class Kept {
  private readonly settings = new Map<string, Parsed>();

  constructor(private readonly names: readonly string[]) {}

  remember(key: string, input: Parsed): void {
    const given = Object.entries(input).filter(([name, value]) => this.names.includes(name) && value !== undefined);
    this.settings.set(key, { ...this.settings.get(key), ...Object.fromEntries(given) });
  }

  recall(key: string): Parsed {
    return this.settings.get(key) ?? {};
  }

  forget(key: string): void {
    this.settings.delete(key);
  }
}
