// Looks at what is in the database, as the application sees it: with its user, its password, and SELECT only.
import { connect, run } from "./connection";
import type { Settings } from "./ensure";
import type { CheckEvent, CheckResult } from "./event";

/** Rows up to which a table is counted; InnoDB counts some millions per minute. */
const COUNTED_ROWS = 2_000_000;

/** REDCap spreads its log over redcap_log_event, redcap_log_event2 and so on. */
const LOG_TABLE = /^redcap_log_event\d*$/;

export async function check(
  { cluster }: CheckEvent,
  { database, application: { secret } }: Settings,
): Promise<CheckResult> {
  const credentials = await secret.current();
  if (!credentials) throw new Error(`Secret ${secret.arn} has no value: run the action "ensure" first.`);
  const connection = await connect(cluster, credentials);
  try {
    const tables = await run<{ name: string; estimate: number | null }>(
      connection,
      `list the tables of ${database}`,
      "SELECT TABLE_NAME AS name, TABLE_ROWS AS estimate FROM information_schema.TABLES " +
        "WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME",
      [database],
    );
    const select = async (purpose: string, expression: string, table: string) => {
      const [row] = await run<{ value: unknown }>(connection, purpose, `SELECT ${expression} AS value FROM ??.??`, [
        database,
        table,
      ]);
      return row?.value ?? null;
    };
    const tableRows: Record<string, number> = {};
    for (const { name, estimate } of tables) {
      const rows = Number(estimate ?? 0);
      tableRows[name] = rows < COUNTED_ROWS ? Number(await select(`count ${name}`, "COUNT(*)", name)) : rows;
    }
    const logTables = tables.filter(({ name }) => LOG_TABLE.test(name));
    const newest = await Promise.all(logTables.map(({ name }) => select(`read ${name}`, "MAX(ts)", name)));
    return {
      database,
      tables: tables.length,
      rows: Object.values(tableRows).reduce((sum, rows) => sum + rows, 0),
      tableRows,
      newestLogEvent:
        newest
          .flatMap((ts) => (ts === null ? [] : [String(ts)]))
          .sort()
          .at(-1) ?? null,
    };
  } finally {
    await connection.end();
  }
}
