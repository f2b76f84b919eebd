// Named documents (frameworks, report plans, restore testing plans and selections): kept and given back as they were
// sent. They do nothing here: no compliance is evaluated, no report written, no restore test run.

import { alreadyExists, notFound } from "./errors";
import { type BackupState, type NamedDocument, newId, type Tags } from "./state";

type Kind = "framework" | "report-plan" | "restore-testing-plan" | "restore-testing-selection";

export class Documents<Content extends object> {
  constructor(
    private readonly state: BackupState,
    private readonly kind: Kind,
  ) {}

  /** @throws AwsError AlreadyExistsException. */
  create(account: string, name: string, content: Content, tags: Tags = {}): NamedDocument<Content> {
    const documents = this.state.of(account).documents;
    const known = documents.get(this.key(name));
    if (known) throw alreadyExists(`${this.kind} ${name} already exists`, known.arn);
    const arn = this.state.arn(account, `${this.kind}:${name}-${newId()}`);
    const creationTime = this.state.now();
    const document = { name, arn, creationTime, lastUpdateTime: creationTime, tags: { ...tags }, content };
    documents.set(this.key(name), document);
    return document;
  }

  /** @throws AwsError ResourceNotFoundException. */
  get(account: string, name: string | undefined): NamedDocument<Content> {
    const document = this.state.of(account).documents.get(this.key(name ?? ""));
    if (!document) throw notFound(`${this.kind} ${name} does not exist`);
    return document as NamedDocument<Content>;
  }

  /** @throws AwsError ResourceNotFoundException. */
  update(account: string, name: string | undefined, changes: Partial<Content>): NamedDocument<Content> {
    const document = this.get(account, name);
    document.content = { ...document.content, ...changes };
    document.lastUpdateTime = this.state.now();
    return document;
  }

  /** @throws AwsError ResourceNotFoundException. */
  delete(account: string, name: string | undefined): void {
    this.state.of(account).documents.delete(this.key(this.get(account, name).name));
  }

  list(account: string): NamedDocument<Content>[] {
    const all = [...this.state.of(account).documents].filter(([key]) => key.startsWith(`${this.kind}/`));
    return all.map(([, document]) => document as NamedDocument<Content>);
  }

  private key(name: string): string {
    return `${this.kind}/${name}`;
  }
}
