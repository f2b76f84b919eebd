// What was kept when, in a parameter of the stage: it cannot read the kit. It holds no secret and no hash of one.
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import * as z from "zod";

const entry = z.object({
  mark: z.string(),
  versionId: z.string(),
  writtenAt: z.iso.datetime(),
  size: z.number(),
  sha256: z.string().optional(),
});

const entries = z.record(z.string(), entry);

export type Entry = z.infer<typeof entry>;
export type Entries = z.infer<typeof entries>;

export class Memory {
  private readonly ssm = new SSMClient();

  constructor(private readonly name: string) {}

  /** What is not readable as such is forgotten: then all is written again. */
  async recall(): Promise<Entries> {
    const { Parameter } = await this.ssm.send(new GetParameterCommand({ Name: this.name }));
    try {
      return entries.parse(JSON.parse(Parameter?.Value ?? "{}"));
    } catch (error) {
      console.warn(JSON.stringify({ forgotten: this.name, because: (error as Error).name }));
      return {};
    }
  }

  async remember(value: Entries): Promise<void> {
    await this.ssm.send(
      new PutParameterCommand({ Name: this.name, Value: JSON.stringify(value), Type: "String", Overwrite: true }),
    );
  }
}
