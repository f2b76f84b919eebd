// The EventBridge connection that cron is called with.
import {
  DescribeConnectionCommand,
  type EventBridgeClient,
  UpdateConnectionCommand,
} from "@aws-sdk/client-eventbridge";
import { retryWhile } from "../shared/patience";
import type { CronUser } from "./password";

const PATIENCE = { patienceMs: 60_000, retryMs: 2_000 };

/** On its way: EventBridge keeps the password in a secret of its own, and takes seconds for that. */
class Unsettled extends Error {}

export class Connection {
  constructor(
    private readonly events: EventBridgeClient,
    private readonly name: string,
    private readonly patience = PATIENCE,
  ) {}

  /** Both parts: AWS does not say that it keeps what is left out. */
  async use({ username, password }: CronUser): Promise<void> {
    await this.events.send(
      new UpdateConnectionCommand({
        Name: this.name,
        AuthorizationType: "BASIC",
        AuthParameters: { BasicAuthParameters: { Username: username, Password: password } },
      }),
    );
  }

  /** @throws Error with the state that it stays in, and EventBridge's reason */
  async waitUntilAuthorized(): Promise<void> {
    const look = async () => {
      const { ConnectionState, StateReason } = await this.events.send(
        new DescribeConnectionCommand({ Name: this.name }),
      );
      if (ConnectionState === "AUTHORIZED") return;
      const message = `Connection ${this.name} is ${ConnectionState}${StateReason ? `: ${StateReason}` : ""}.`;
      throw /ING$/.test(ConnectionState ?? "") ? new Unsettled(message) : new Error(message);
    };
    await retryWhile((error) => error instanceof Unsettled, look, this.patience);
  }
}
